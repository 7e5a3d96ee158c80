"""GRU-D: a GRU with learned decay of missing inputs and of the state.  B batch, T time, H hidden."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unrolled.architectures.base import StateHook
from unrolled.architectures.fused_call import Weights
from unrolled.architectures.gru import GRU
from unrolled.architectures.recurrent import Gates
from unrolled.errors import InputError
from unrolled.functional.state import State


class GRUD(GRU):
    """A GRU whose missing inputs decay to the training mean, and whose state decays with the time since observation.

        gamma^x_t = exp(-max(0, w_x * s_t + b_x))            for each value
        gamma^h_t = exp(-max(0, W_h s_t + b_h))              for each unit
        x^_t = m_t * x_t + (1 - m_t) * gamma^x_t * x_t       towards 0, the training mean of standardised values
        h_t = GRU([x^_t, m_t, rest_t], gamma^h_t * h_{t-1})

    Inputs, in this order: values x, marks m (1 observed, 0 imputed) and s, time steps since the last observation (0:
    observed now), each of `values` channels; then any other channels.  State: (h,).  Gates by name: those of the GRU,
    and in the first layer decay, gamma^h; higher layers are plain GRUs.

    Source: Che, Purushotham, Cho, Sontag & Liu 2018, "Recurrent neural networks for multivariate time series with
    missing values", equations 10 to 17.

    Notes:
        Forward-fill the data: the paper's last observation is the value channel of a missing step.  In the paper s_t
        counts from the previous step; the two agree where a value is missing, and where it is observed the state has
        already decayed through the gap.  The reset gate acts as in `GRU`.  The decay weights start from U(0, 0.1),
        because a negative one would never get a gradient, and the biases from 0.

    Args:
        values: number of value channels; there are as many marks and as many times since.
        bidirectional: not supported: times since the last observation differ in reversed order.

    Raises:
        InputError: values below 1, fewer than three channels per value, or two directions.
    """

    def __init__(self, *, input_size: int, values: int = 1, bidirectional: bool = False, **kwargs: Any) -> None:
        if values < 1:
            raise InputError(f"GRUD: expected values of at least 1, got {values}")
        if input_size < 3 * values:
            expected = f"an input_size of at least 3 x {values}: values, marks and times since"
            raise InputError(
                f"GRUD: expected {expected}, got {input_size}; set marks: true and since: true in the data"
            )
        if bidirectional:
            raise InputError("GRUD: expected one direction, got bidirectional: true; set it to false")
        super().__init__(input_size=input_size - values, **kwargs)  # the gates do not read the times
        self.input_size, self.values = input_size, values
        self.value_decay = nn.Parameter(torch.rand(values) / 10)
        self.value_decay_bias = nn.Parameter(torch.zeros(values))
        self.state_decay = nn.Linear(values, self.hidden_size)
        nn.init.uniform_(self.state_decay.weight, 0, 0.1)
        nn.init.zeros_(self.state_decay.bias)

    @property
    def fusible(self) -> bool:
        return False  # the state decays between steps

    def project(self, w: Weights, x: Tensor) -> Tensor:
        """As in `GRU`, (B, T, 3 H); in the first layer followed by gamma^h, (B, T, 3 H + H)."""
        if x.shape[2] == w.w_ih.shape[1]:
            return super().project(w, x)
        x, marks, since, rest = x.split([self.values] * 3 + [x.shape[2] - 3 * self.values], -1)
        decay = torch.exp(-F.relu(self.value_decay * since + self.value_decay_bias))
        a = super().project(w, torch.cat([x * (marks + (1 - marks) * decay), marks, rest], -1))
        return torch.cat([a, torch.exp(-F.relu(self.state_decay(since)))], -1)

    def step(self, w: Weights, a_t: Tensor, state: State, hook: StateHook) -> Gates:
        a_t, decay = a_t.split([3 * self.hidden_size, a_t.shape[1] - 3 * self.hidden_size], -1)
        if decay.shape[1] == 0:
            return super().step(w, a_t, state, hook)
        return super().step(w, a_t, (decay * state[0],), hook) | {"decay": decay}
