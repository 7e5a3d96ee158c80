"""One time step of each cell, written from the papers' equations, with torch's weights (gates i f g o; r z n).

x (B, F) features, h and c (B, H); w holds weight_ih_l0 (gates H, F), weight_hh_l0 (gates H, H) and the two biases.
"""

from collections.abc import Callable

import torch
from torch import Tensor

Weights = dict[str, Tensor]
State = tuple[Tensor, ...]


def _parts(x: Tensor, h: Tensor, w: Weights, gates: int) -> tuple[list[Tensor], list[Tensor]]:
    """What each gate gets from the input, and what from the state."""
    hidden = h.shape[1]
    rows = [slice(k * hidden, (k + 1) * hidden) for k in range(gates)]
    from_input = [torch.einsum("bf,hf->bh", x, w["weight_ih_l0"][r]) + w["bias_ih_l0"][r] for r in rows]
    from_state = [torch.einsum("bk,hk->bh", h, w["weight_hh_l0"][r]) + w["bias_hh_l0"][r] for r in rows]
    return from_input, from_state


def lstm(x: Tensor, state: State, w: Weights) -> State:
    h, c = state
    i, f, g, o = (a + b for a, b in zip(*_parts(x, h, w, 4), strict=True))
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def gru(x: Tensor, state: State, w: Weights) -> State:
    (h,) = state
    (xr, xz, xn), (hr, hz, hn) = _parts(x, h, w, 3)
    n = (xn + (xr + hr).sigmoid() * hn).tanh()
    z = (xz + hz).sigmoid()
    return ((1 - z) * n + z * h,)


def rnn(x: Tensor, state: State, w: Weights) -> State:
    (h,) = state
    (a,), (b,) = _parts(x, h, w, 1)
    return ((a + b).tanh(),)


STEPS: dict[str, Callable[[Tensor, State, Weights], State]] = {"LSTM": lstm, "GRU": gru, "RNN": rnn}
PARTS = {"LSTM": 2, "GRU": 1, "RNN": 1}
