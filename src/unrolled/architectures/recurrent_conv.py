"""A gated unit on a ring of positions, each of which sees its neighbours."""

import math

import torch
from torch import Tensor, nn

from unrolled.architectures.cell_weights import Weights
from unrolled.architectures.gru import gru_gates
from unrolled.architectures.recurrent import Gates, Recurrent
from unrolled.architectures.stepwise import StateHook
from unrolled.errors import InputError
from unrolled.functional.state import State


class RingWeights(nn.Module):
    """Of one layer and direction, by the names that torch gives those of a GRU (gates r z n); drawn likewise.

    Args:
        features: of each position of the input.
        channels: C, units of each position.
        kernel_size: K, positions that a convolution sees.
    """

    def __init__(self, features: int, channels: int, kernel_size: int) -> None:
        super().__init__()
        self.weight_ih_l0 = nn.Parameter(torch.empty(3 * channels, features * kernel_size))
        self.weight_hh_l0 = nn.Parameter(torch.empty(3 * channels, channels * kernel_size))
        self.bias_ih_l0 = nn.Parameter(torch.empty(3 * channels))
        self.bias_hh_l0 = nn.Parameter(torch.empty(3 * channels))
        bound = 1 / math.sqrt(channels * kernel_size)  # as many numbers of the state as a unit reads
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)


def convolve(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Each position of `x` (N, P, C), with its neighbours on both sides, to D channels: (N, P, D).

        y[p, d] = bias[d] + sum_{k, c} weight[d, k C + c] x[(p + k - (K - 1) / 2) mod P, c]

    One product of shifted copies: on a CPU two to three times as fast as torch's convolution of so few channels.

    Args:
        x: numbers.
        weight: (D, K * C), K odd.
        bias: (D,).
    """
    reach = weight.shape[1] // x.shape[2] // 2
    seen = torch.cat([x.roll(-k, 1) for k in range(-reach, reach + 1)], 2) if reach else x
    return torch.addmm(bias, seen.flatten(0, 1), weight.t()).unflatten(0, x.shape[:2])


class RecurrentConv(Recurrent):
    """The equations of `GRU` with convolutions in the place of its products: a ConvGRU on a ring of P positions.

        r_t = sigmoid(W_ir * x_t + b_ir + W_hr * h_{t-1} + b_hr)        * convolves along the ring, P - 1 beside 0
        z_t, n_t likewise;  h_t = (1 - z_t) n_t + z_t h_{t-1}           products by element

    A ring is a day of 24 hours where each time step reads a day (`DirectForecasting` with `patch: 24`).  All positions
    share their weights, (features + C) C K of them a gate where a GRU on the same inputs has (features + C) C P^2.

    Inputs (B, T, P * F): feature f of position p at p * F + f.  State: (h,), P * C units in the same order.  Gates by
    name: r, z, n, h.

    Sources: Ballas, Yao, Pal & Courville 2016, "Delving deeper into convolutional networks for learning video
    representations" (ConvGRU); Shi et al. 2015, "Convolutional LSTM network".

    Notes:
        GRU gates: one state to convolve and three gates, where an LSTM's four and its cell cost a third more; the reset
        gate acts after the recurrent convolution (there before it), so that one call serves all three gates.

    Args:
        positions: P, of the ring.
        channels: C, units of each position in each layer and direction.
        kernel_size: K, positions that a convolution sees, odd: itself and its neighbours on both sides.
        num_layers: how many layers are stacked.
        dropout: probability that an output between two layers is zeroed in training.
        bidirectional: not possible here.

    Raises:
        InputError: sizes below 1, inputs that do not go into the positions evenly, a kernel_size that is even or above
            the positions, a dropout outside [0, 1), or two directions.
    """

    def __init__(
        self,
        *,
        input_size: int,
        positions: int,
        channels: int,
        kernel_size: int = 3,
        num_layers: int = 1,
        dropout: float = 0.0,
        bidirectional: bool = False,
    ) -> None:
        if min(positions, channels) < 1:
            given = f"got {positions} x {channels}"
            raise InputError(f"RecurrentConv: expected positions x channels = hidden_size of at least 1 x 1, {given}")
        if kernel_size % 2 == 0 or not 1 <= kernel_size <= positions:
            told = f"expected an odd kernel_size from 1 to {positions} positions"
            raise InputError(f"RecurrentConv: {told}, got {kernel_size}")
        if input_size % positions:
            told = f"a multiple of {positions} positions as input_size"
            raise InputError(f"RecurrentConv: expected {told}, got {input_size}; set patch to the positions")
        if bidirectional:
            raise InputError("RecurrentConv: expected one direction, got bidirectional: true")
        self.positions, self.channels, self.kernel_size = positions, channels, kernel_size
        units = positions * channels
        super().__init__(input_size=input_size, hidden_size=units, num_layers=num_layers, dropout=dropout)

    @property
    def fusible(self) -> bool:
        return False  # no library has the fused call

    def make_cell(self, size: int) -> nn.Module:
        return RingWeights(size // self.positions, self.channels, self.kernel_size)

    def project(self, w: Weights, x: Tensor) -> Tensor:
        """What the inputs (B, T, P * F) give to every gate, (B, T, P, 3 C): one convolution for all steps."""
        rows = x.flatten(0, 1).unflatten(1, (self.positions, -1))
        return convolve(rows, w.w_ih, w.b_ih).unflatten(0, x.shape[:2])

    def step(self, w: Weights, a_t: Tensor, state: State, hook: StateHook) -> Gates:
        h = state[0].unflatten(1, (self.positions, -1))
        named = {name: gate.flatten(1) for name, gate in gru_gates(a_t, convolve(h, w.w_hh.t(), w.b_hh), h).items()}
        return named | {"h": hook(named["h"])}
