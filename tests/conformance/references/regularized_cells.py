"""Regularised recurrent layers one time step at a time, from the papers' equations: the reference of the fused calls.

Nothing of unrolled here.  Weights have torch's names and order of gates (i f g o; r z n).  B batch, T time, H hidden.
"""

from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor

Weights = dict[str, Tensor]
State = list[Tensor]


def normalised(a: Tensor, gain: Tensor) -> Tensor:
    """Equation 4 of Ba et al. 2016 without its bias."""
    centred = a - a.mean(-1, keepdim=True)
    return gain * centred / ((centred**2).mean(-1, keepdim=True) + 1e-5).sqrt()


def products(w: Weights, norms: Weights | None, groups: list[int], x: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:
    """W_i x and W_h h, (B, G * H), each group of gates normalised by itself where `norms` are given."""
    given = {"inputs": x @ w["weight_ih_l0"].T, "recurrent": h @ w["weight_hh_l0"].T}
    if norms is None:
        return given["inputs"], given["recurrent"]
    made, sizes = [], [gates * h.shape[1] for gates in groups]
    for name, a in given.items():
        parts = zip(a.split(sizes, -1), norms[f"{name}.gain"].split(sizes), strict=True)
        made.append(torch.cat([normalised(part, gain) for part, gain in parts], -1))
    return made[0], made[1]


def lstm(x: Tensor, state: State, w: Weights, norms: Weights | None) -> State:
    """h and c before any unit is kept."""
    h, c = state
    a, b = products(w, norms, [4], x, h)
    i, f, g, o = (a + b + w["bias_ih_l0"] + w["bias_hh_l0"]).chunk(4, -1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    read = c if norms is None else normalised(c, norms["cell.weight"]) + norms["cell.bias"]
    return [o.sigmoid() * read.tanh(), c]


def gru(x: Tensor, state: State, w: Weights, norms: Weights | None) -> State:
    (h,) = state
    a, b = products(w, norms, [2, 1], x, h)
    (xr, xz, xn), (hr, hz, hn) = (a + w["bias_ih_l0"]).chunk(3, -1), (b + w["bias_hh_l0"]).chunk(3, -1)
    z = (xz + hz).sigmoid()
    return [(1 - z) * (xn + (xr + hr).sigmoid() * hn).tanh() + z * h]


def rnn(x: Tensor, state: State, w: Weights, norms: Weights | None) -> State:
    a = x @ w["weight_ih_l0"].T + state[0] @ w["weight_hh_l0"].T
    a = a if norms is None else normalised(a, norms["sum.gain"])
    return [(a + w["bias_ih_l0"] + w["bias_hh_l0"]).tanh()]


STEPS: dict[str, Callable[..., State]] = {"LSTM": lstm, "GRU": gru, "RNN": rnn}


def under(named: Weights, prefix: str) -> Weights:
    return {name.removeprefix(prefix): value for name, value in named.items() if name.startswith(prefix)}


def by_hand(
    cell: str,
    named: Weights,
    x: Tensor,
    state: State,
    *,
    masks: Weights,
    zones: Callable[[int, int, int], Tensor | float],
    directions: int = 1,
    lengths: Tensor | None = None,
) -> tuple[Tensor, State]:
    """Outputs (B, T, D * H) and the final state, each part (B, L * D, H), of one row, layer and step after the other.

    `masks` scale inputs, outputs and weights by name; `zones(k, part, t)` (B, H) is how much of a unit of cell k is
    kept at its t-th step.
    """
    layers, lengths = state[0].shape[1] // directions, [x.shape[1]] * len(x) if lengths is None else lengths.tolist()
    final = [part.clone() for part in state]
    x = x * masks.get("inputs", 1)
    for layer in range(layers):
        if layer:
            x = x * masks.get(f"outputs of layer {layer}", 1)
        rows = []
        for b, length in enumerate(lengths):
            halves = []
            for direction in range(directions):
                k = layer * directions + direction
                w = dict(under(named, f"cells.{k}."))
                w["weight_hh_l0"] = w["weight_hh_l0"] * masks.get(f"weights of cell {k}", 1)
                norms = under(named, f"norms.{k}.") or None
                now, outputs = [part[b : b + 1, k] for part in state], [torch.zeros_like(x[b, 0, :0])] * x.shape[1]
                order = range(length - 1, -1, -1) if direction else range(length)
                for step, t in enumerate(order):
                    made = STEPS[cell](x[b : b + 1, t], now, w, norms)
                    kept = [zones(k, part, step)[b : b + 1] for part in range(len(now))]
                    now = [d * old + (1 - d) * new for d, old, new in zip(kept, now, made, strict=True)]
                    outputs[t] = now[0][0]
                empty = torch.zeros_like(now[0][0])
                halves.append(torch.stack([row if len(row) else empty for row in outputs]))
                for part, value in zip(final, now, strict=True):
                    part[b, k] = value[0]
            rows.append(torch.cat(halves, -1))
        x = torch.stack(rows)
    return x * masks.get("outputs", 1), final


def drawn_zones(shape: tuple[int, int, int], cells: int, probabilities: list[float], seed: int) -> Any:
    """`zones` as a seeded generator draws them: for each cell, for each part, (B, T, H) at once."""

    def draw() -> Iterator[list[Tensor]]:
        torch.manual_seed(seed)
        for _ in range(cells):
            yield [(torch.rand(shape) < p).double() if p else torch.zeros(shape).double() for p in probabilities]

    known = [*draw()]
    return lambda k, part, t: known[k][part][:, t]
