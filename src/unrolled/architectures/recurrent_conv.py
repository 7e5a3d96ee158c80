"""Convolutional GRU on a ring of positions.

B batch, T time, N images, P positions, F features of a position, C channels, K kernel size.
"""

import math

import torch
from torch import Tensor, nn

from unrolled.architectures.base import StateHook
from unrolled.architectures.fused_call import Weights
from unrolled.architectures.gru import gru_gates
from unrolled.architectures.recurrent import Gates, Recurrent
from unrolled.errors import InputError
from unrolled.functional.state import State


class RingWeights(nn.Module):
    """Kernels of one layer and direction, named and initialised like the weights of `torch.nn.GRU` (gates r z n).

    Args:
        features: input features of each position.
        channels: C, units of each position.
        kernel_size: K, positions in the window of a convolution.
    """

    def __init__(self, features: int, channels: int, kernel_size: int) -> None:
        super().__init__()
        self.weight_ih_l0 = nn.Parameter(torch.empty(3 * channels, features * kernel_size))
        self.weight_hh_l0 = nn.Parameter(torch.empty(3 * channels, channels * kernel_size))
        self.bias_ih_l0 = nn.Parameter(torch.empty(3 * channels))
        self.bias_hh_l0 = nn.Parameter(torch.empty(3 * channels))
        bound = 1 / math.sqrt(channels * kernel_size)  # the fan-in of a unit from the state
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)


def convolve(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Circular convolution of `x` (N, P, C) along its positions to D channels: (N, P, D).

        y[p, d] = bias[d] + sum_{k, c} weight[d, k C + c] x[(p + k - (K - 1) / 2) mod P, c]

    One product of shifted copies; on a CPU two to three times as fast as torch's convolution with few channels.

    Args:
        x: (N, P, C).
        weight: (D, K * C), K odd.
        bias: (D,).
    """
    radius = weight.shape[1] // x.shape[2] // 2
    shifted = torch.cat([x.roll(-k, 1) for k in range(-radius, radius + 1)], 2) if radius else x
    return torch.addmm(bias, shifted.flatten(0, 1), weight.t()).unflatten(0, x.shape[:2])


class RecurrentConv(Recurrent):
    """ConvGRU on a ring of P positions: the equations of `GRU` with circular convolutions instead of products.

        r_t = sigmoid(W_ir * x_t + b_ir + W_hr * h_{t-1} + b_hr)        * circular convolution: P - 1 is next to 0
        z_t, n_t likewise;  h_t = (1 - z_t) n_t + z_t h_{t-1}           elementwise products

    For example, the ring is a day of 24 hours if each time step is a day (`DirectForecasting` with `patch: 24`).  All
    positions share weights: (F + C) C K per gate, while a GRU on the same inputs has (F + C) C P^2.

    Inputs (B, T, P * F): feature f of position p at p * F + f.  State: (h,), P * C units in the same order.  Gates by
    name: r, z, n, h.

    Sources: Ballas, Yao, Pal & Courville 2016, "Delving deeper into convolutional networks for learning video
    representations" (ConvGRU); Shi et al. 2015, "Convolutional LSTM network".

    Notes:
        GRU gates, because the four gates and the cell of an LSTM cost a third more; the reset gate acts after the
        recurrent convolution (in the sources before it), so that one call serves all three gates.

    Args:
        positions: P, of the ring.
        channels: C, units of each position in each layer and direction.
        kernel_size: K, positions in the window of a convolution, odd: itself and its neighbours on both sides.
        num_layers: number of stacked layers.
        dropout: probability that an output between two layers is zeroed in training.
        bidirectional: not supported.

    Raises:
        InputError: sizes below 1, an input_size that is no multiple of the positions, a kernel_size that is even or
            above the positions, a dropout outside [0, 1), or two directions.
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
            expected = f"an odd kernel_size from 1 to {positions} positions"
            raise InputError(f"RecurrentConv: expected {expected}, got {kernel_size}")
        if input_size % positions:
            expected = f"an input_size that is a multiple of {positions} positions"
            raise InputError(f"RecurrentConv: expected {expected}, got {input_size}; set patch to the positions")
        if bidirectional:
            raise InputError("RecurrentConv: expected one direction, got bidirectional: true")
        self.positions, self.channels, self.kernel_size = positions, channels, kernel_size
        units = positions * channels
        super().__init__(input_size=input_size, hidden_size=units, num_layers=num_layers, dropout=dropout)

    @property
    def fusible(self) -> bool:
        return False  # no library has a fused kernel

    def make_cell(self, size: int) -> nn.Module:
        return RingWeights(size // self.positions, self.channels, self.kernel_size)

    def project(self, w: Weights, x: Tensor) -> Tensor:
        """Input convolution plus bias, (B, T, P, 3 C), of `x` (B, T, P * F): one call for all steps."""
        rows = x.flatten(0, 1).unflatten(1, (self.positions, -1))
        return convolve(rows, w.w_ih, w.b_ih).unflatten(0, x.shape[:2])

    def step(self, w: Weights, a_t: Tensor, state: State, hook: StateHook) -> Gates:
        h = state[0].unflatten(1, (self.positions, -1))
        named = {name: gate.flatten(1) for name, gate in gru_gates(a_t, convolve(h, w.w_hh.t(), w.b_hh), h).items()}
        return named | {"h": hook(named["h"])}
