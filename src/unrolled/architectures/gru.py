"""The gated recurrent unit."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unrolled.architectures.recurrent import Gates, Recurrent
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

    def step(self, cell: nn.RNNBase, x_t: Tensor, state: State) -> Gates:
        (h,) = state
        w_ih, w_hh, b_ih, b_hh = cell.all_weights[0]
        ir, iz, in_ = F.linear(x_t, w_ih, b_ih).chunk(3, -1)
        hr, hz, hn = F.linear(h, w_hh, b_hh).chunk(3, -1)
        r, z = torch.sigmoid(ir + hr), torch.sigmoid(iz + hz)
        n = torch.tanh(in_ + r * hn)
        return {"r": r, "z": z, "n": n, "h": (1 - z) * n + z * h}
