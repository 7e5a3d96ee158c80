"""Reading the truth or the own output one step at a time, in plain torch, with one graph.  Nothing of unrolled here.

An LSTM of one layer on tokens (an embedding) or on numbers (none).  B batch (rows), T time (steps), H hidden.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from conformance.references.cells import Weights, lstm

IGNORE = -100


class At(NamedTuple):
    """Where a row stands: the LSTM's state, the own last output (anything where there is none) and who has one."""

    state: tuple[Tensor, Tensor]
    own: Tensor | None
    there: Tensor  # (B,) bool

    def cut(self) -> "At":
        own = None if self.own is None else self.own.detach()
        return At((self.state[0].detach(), self.state[1].detach()), own, self.there)


def begin(w: Weights, rows: int) -> At:
    zero = w["head.weight"].new_zeros(rows, w["head.weight"].shape[1])
    return At((zero, zero), None, torch.zeros(rows, dtype=torch.bool))


def features(w: Weights, inputs: Tensor) -> Tensor:
    return inputs if inputs.is_floating_point() else w["embedding.weight"][inputs]


def answer(w: Weights, hidden: Tensor, fed_back: str) -> Tensor:
    """As features: of the likeliest id, of the expected one, or the mean of the numbers."""
    outputs = hidden @ w["head.weight"].T + w["head.bias"]
    if "embedding.weight" not in w:
        return outputs[:, :1]
    if fed_back == "expected":
        p = outputs.exp() / outputs.exp().sum(-1, keepdim=True)
        return torch.einsum("bv,ve->be", p, w["embedding.weight"])
    return outputs.argmax(-1)


def read(w: Weights, inputs: Tensor, truth: Tensor, at: At, fed_back: str, gradient: bool) -> tuple[Tensor, At]:
    """Outputs (B, T, H): a step reads the truth (B, T), or the own last output if there is one."""
    cell = {name.rpartition(".")[2]: value for name, value in w.items() if ".cells." in name}
    (state, own, there), outputs = at, []
    for t in range(inputs.shape[1]):
        x = features(w, inputs[:, t])
        if own is not None:
            x = torch.where((truth[:, t] | ~there)[:, None], x, features(w, own))
        state = lstm(x, state, cell)
        own, there = answer(w, state[0], fed_back), torch.ones_like(there)
        if not gradient:
            own = own.detach()
        outputs.append(state[0])
    return torch.stack(outputs, 1), At(state, own, there)


def loss(w: Weights, hidden: Tensor, targets: Tensor) -> Tensor:
    """The mean over the targets that are there, in nats per token or squared."""
    outputs = hidden @ w["head.weight"].T + w["head.bias"]
    if not targets.is_floating_point():
        return F.cross_entropy(outputs.flatten(0, 1), targets.flatten(), ignore_index=IGNORE)
    known = ~targets.isnan()
    return ((outputs[known] - targets[known]) ** 2).mean()


Truth = Callable[[int, int, int, int], Tensor]  # of the optimizer step, the rows, and the steps from ... to


def trained(
    w: Weights,
    batches: list[tuple[Tensor, Tensor]],
    truth: Truth,
    *,
    fed_back: str,
    gradient: bool,
    window: int,
    carried: bool = False,
    lr: float = 0.1,
) -> tuple[list[Weights], Weights]:
    """SGD with a step for each window, whose graph is cut at its start: every gradient, and the weights at the end."""
    w = {name: value.detach().clone().requires_grad_() for name, value in w.items()}
    gradients, at = [], None
    for inputs, targets in batches:
        if at is None or not carried:
            at = begin(w, len(inputs))
        for start in range(0, inputs.shape[1], window):
            stop = min(start + window, inputs.shape[1])
            coins = truth(len(gradients), len(inputs), start, stop)
            hidden, at = read(w, inputs[:, start:stop], coins, at.cut(), fed_back, gradient)
            found = torch.autograd.grad(loss(w, hidden, targets[:, start:stop]), [*w.values()])
            gradients.append(dict(zip(w, found, strict=True)))
            with torch.no_grad():
                for value, g in zip(w.values(), found, strict=True):
                    value -= lr * g
    return gradients, {name: value.detach() for name, value in w.items()}
