"""The gated recurrent unit."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unrolled.architectures.recurrent import Gates, Recurrent
from unrolled.architectures.stepwise import Through
from unrolled.functional.state import State


class GRU(Recurrent):
    """A gate decides how much of the state is kept, another how much of it is read.

        r_t = sigmoid(W_ir x_t + b_ir + W_hr h_{t-1} + b_hr)            reset
        z_t = sigmoid(W_iz x_t + b_iz + W_hz h_{t-1} + b_hz)            update
        n_t = tanh(W_in x_t + b_in + r_t * (W_hn h_{t-1} + b_hn))       candidate
        h_t = (1 - z_t) * n_t + z_t * h_{t-1}

    State: (h,).  Gates by name: r, z, n, h.  Source: Cho et al. 2014, "Learning phrase representations using RNN
    encoder-decoder", equations 5 to 8.

    Notes:
        As in cuDNN and torch, the reset gate acts after the recurrent product (there before it), and z_t keeps the old
        state as in the paper.
    """

    fused = nn.GRU

    def project(self, cell: nn.RNNBase, x: Tensor) -> Tensor:
        w_ih, _, b_ih, _ = cell.all_weights[0]  # b_hn stands within the reset gate's product
        return F.linear(x, w_ih, b_ih)

    def step(self, recurrent: tuple[Tensor, Tensor], a_t: Tensor, state: State, through: Through) -> Gates:
        (h,), (w, b) = state, recurrent
        (ir, iz, in_), (hr, hz, hn) = a_t.chunk(3, -1), torch.addmm(b, h, w).chunk(3, -1)
        r, z = torch.sigmoid(ir + hr), torch.sigmoid(iz + hz)
        n = torch.tanh(in_ + r * hn)
        return {"r": r, "z": z, "n": n, "h": through((1 - z) * n + z * h)}
