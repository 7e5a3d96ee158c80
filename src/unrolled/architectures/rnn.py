"""The simple recurrent network."""

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unrolled.architectures.recurrent import Gates, Recurrent
from unrolled.functional.state import State


class RNN(Recurrent):
    """Elman's network: the state is the last output.

        h_t = phi(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh),   phi = tanh or relu

    State: (h,).  Gates by name: h.  Source: Elman 1990, "Finding structure in time"; with relu and an identity W_hh the
    IRNN of Le, Jaitly & Hinton 2015.

    Args:
        nonlinearity: phi.
    """

    fused = nn.RNN

    def __init__(self, *, nonlinearity: Literal["tanh", "relu"] = "tanh", **kwargs: Any) -> None:
        self.nonlinearity = nonlinearity
        super().__init__(**kwargs)

    def cell(self, size: int) -> nn.RNNBase:
        return nn.RNN(size, self.hidden_size, nonlinearity=self.nonlinearity, batch_first=True)

    def step(self, cell: nn.RNNBase, x_t: Tensor, state: State) -> Gates:
        (h,) = state
        w_ih, w_hh, b_ih, b_hh = cell.all_weights[0]
        a = F.linear(x_t, w_ih, b_ih) + F.linear(h, w_hh, b_hh)
        return {"h": torch.tanh(a) if self.nonlinearity == "tanh" else torch.relu(a)}
