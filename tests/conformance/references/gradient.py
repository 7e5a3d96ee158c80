"""References of the strategies of the gradient seam, in plain torch.  Nothing of unrolled is used here.

B batch, T time, H hidden, V vocabulary.
"""

import math
from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from conformance.references.cells import STEPS, State, Weights
from conformance.references.loops import Batches, Optimizer, Plain, nll
from conformance.references.truncation import draws

Bound = Callable[[Tensor], Tensor]


class Cuts:
    """A graph that is cut at every state.  The gradient is carried over each cut by hand, from the last to the first:
    when a cut's turn comes, everything that reads the state behind it has sent its share."""

    def __init__(self, bound: Bound) -> None:
        self.bound = bound
        self.sides: list[tuple[Tensor, Tensor]] = []
        self.arrived: list[Tensor] = []  # what arrived at each cut, before it was bounded, from the last to the first

    def __call__(self, state: Tensor) -> Tensor:
        leaf = state.detach().requires_grad_()
        self.sides.append((state, leaf))
        return leaf

    def backward(self, loss: Tensor) -> None:
        loss.backward()
        for state, leaf in reversed(self.sides):
            if leaf.grad is not None:
                self.arrived.append(leaf.grad)
                state.backward(self.bound(leaf.grad), retain_graph=True)  # h and c share their gates


def by_norm(limit: float) -> Bound:
    """Row by row."""
    return lambda g: torch.stack([row * min(1.0, limit / max(1e-300, math.hypot(*row.tolist()))) for row in g])


def by_value(limit: float) -> Bound:
    return lambda g: torch.where(g.abs() > limit, g.sign() * limit, g)


BOUNDS = {"norm": by_norm, "value": by_value}


def cut_step(cell: str, x: Tensor, state: State, w: Weights, cut: Cuts) -> State:
    """One time step of one layer, its new state cut off before anything reads it."""
    if cell != "LSTM":
        return tuple(cut(part) for part in STEPS[cell](x, state, w))
    h, c = state
    gates = x @ w["weight_ih_l0"].T + w["bias_ih_l0"] + h @ w["weight_hh_l0"].T + w["bias_hh_l0"]
    i, f, g, o = gates.unflatten(1, (4, -1)).unbind(1)
    c = cut(f.sigmoid() * c + i.sigmoid() * g.tanh())
    return cut(o.sigmoid() * c.tanh()), c


def state_clipped(
    model: Plain, optimizer: Optimizer, batches: Batches, *, max_state_gradient: float, by: Literal["norm", "value"]
) -> None:
    w = dict(model.architecture["cells"][0].named_parameters())
    for inputs, targets, _ in batches:
        optimizer.zero_grad()
        cut = Cuts(BOUNDS[by](max_state_gradient))
        state: State = tuple(part[0] for part in model.start(len(inputs)))
        logits = []
        for token in inputs.unbind(1):
            state = cut_step("LSTM", model.embedding(token), state, w, cut)
            logits.append(model.head(state[0]))
        cut.backward(nll(torch.stack(logits, 1), targets))
        optimizer.step()


def noisy(model: Plain, optimizer: Optimizer, batches: Batches, *, eta: float, gamma: float) -> None:
    """Neelakantan et al. 2015; one draw for each parameter, in the order in which the task holds them."""
    for step, (inputs, targets, _) in enumerate(batches):
        optimizer.zero_grad()
        nll(model(inputs, model.start(len(inputs)))[0], targets).backward()
        generator, sigma = draws("GradientNoise", step), math.sqrt(eta / (1 + step) ** gamma)
        for part in (model.architecture, model.embedding, model.head):
            for p in part.parameters():
                p.grad = p.grad + sigma * torch.randn(p.shape, generator=generator, dtype=p.dtype)
        optimizer.step()
