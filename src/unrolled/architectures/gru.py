"""Gated recurrent unit (GRU)."""

import torch
from torch import Tensor, nn

from unrolled.architectures.base import StateHook
from unrolled.architectures.fused_call import Weights
from unrolled.architectures.layer_norm import GateNorm
from unrolled.architectures.recurrent import Gates, Recurrent
from unrolled.functional.state import State


class GRU(Recurrent):
    """Gated recurrent unit: an update gate mixes old and new state, a reset gate scales the recurrent product.

        r_t = sigmoid(W_ir x_t + b_ir + W_hr h_{t-1} + b_hr)            reset
        z_t = sigmoid(W_iz x_t + b_iz + W_hz h_{t-1} + b_hz)            update
        n_t = tanh(W_in x_t + b_in + r_t * (W_hn h_{t-1} + b_hn))       candidate
        h_t = (1 - z_t) * n_t + z_t * h_{t-1}

    State: (h,).  Gates by name: r, z, n, h.  Source: Cho et al. 2014, "Learning phrase representations using RNN
    encoder-decoder", equations 5 to 8.

    Notes:
        As in cuDNN and torch, the reset gate acts after the recurrent product (in the paper before it); z_t keeps the
        old state as in the paper.  `layer_norm` normalises the products of r and z together and those of n alone,
        separately for x_t and h_{t-1}.
    """

    fused = nn.GRU

    def make_norms(self) -> nn.ModuleDict:
        return nn.ModuleDict({name: GateNorm(self.hidden_size, [2, 1]) for name in ("inputs", "recurrent")})

    def bias(self, w: Weights) -> Tensor:
        return w.b_ih  # b_hn is inside the reset gate's product

    def step(self, w: Weights, a_t: Tensor, state: State, hook: StateHook) -> Gates:
        (h,) = state
        named = gru_gates(a_t, self.add_recurrent(w, w.b_hh, h), h)
        return named | {"h": hook(named["h"])}


def gru_gates(a_t: Tensor, b_t: Tensor, h: Tensor) -> Gates:
    """r, z, n and the new h, given the input and recurrent products `a_t` and `b_t` (..., 3 H) and `h` (..., H)."""
    (ir, iz, in_), (hr, hz, hn) = a_t.chunk(3, -1), b_t.chunk(3, -1)
    r, z = torch.sigmoid(ir + hr), torch.sigmoid(iz + hz)
    n = torch.tanh(in_ + r * hn)
    return {"r": r, "z": z, "n": n, "h": (1 - z) * n + z * h}
