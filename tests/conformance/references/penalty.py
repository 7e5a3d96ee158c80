"""References of the penalty and constraint seams, in plain torch.  Nothing of unrolled is used here.

B batch, T time, H hidden.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from conformance.references.cells import STEPS, State, Weights
from conformance.references.loops import Batches, Optimizer, Plain, nll, update


def penalized(
    model: Plain, optimizer: Optimizer, batches: Batches, penalty: Callable[[Tensor, Tensor], Tensor]
) -> None:
    """Full back-propagation of the loss and of `penalty(hidden, targets)`."""
    for inputs, targets, _ in batches:
        zero = model.start(len(inputs))
        hidden, _ = model.architecture["cells"][0](model.embedding(inputs), zero)
        update(optimizer, nll(model.head(hidden), targets) + penalty(hidden, targets))


def small_weights(
    model: Plain, optimizer: Optimizer, batches: Batches, *, l1: float, l2: float, parameters: str
) -> None:
    assert parameters == "*weight*"
    chosen = [p for name, p in model.named_parameters() if "weight" in name]

    def penalty(hidden: Tensor, targets: Tensor) -> Tensor:
        return sum(l1 * w.abs().sum() + l2 * (w * w).sum() for w in chosen)

    penalized(model, optimizer, batches, penalty)


def ar_tar(hidden: Tensor, targets: Tensor, alpha: float, beta: float) -> Tensor:
    """Row by row and step by step, up to each row's last target."""
    squares, changes = [], []
    for row, marks in zip(hidden, targets != -100, strict=True):
        stop = int(marks.nonzero().max()) + 1 if marks.any() else 0
        squares += [(row[t] ** 2).mean() for t in range(stop)]
        changes += [((row[t] - row[t - 1]) ** 2).mean() for t in range(1, stop)]
    return alpha * sum(squares) / max(1, len(squares)) + beta * sum(changes) / max(1, len(changes))


def quiet(model: Plain, optimizer: Optimizer, batches: Batches, *, alpha: float, beta: float) -> None:
    penalized(model, optimizer, batches, lambda hidden, targets: ar_tar(hidden, targets, alpha, beta))


def errors(cell: str, w: Weights, x: Tensor, loss: Callable[[Tensor], Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    """The states x_1 ... x_T (B, parts * H) behind the inputs x (B, T, F), and dE/dx_k of each."""
    hidden = w["weight_hh_l0"].shape[1]
    parts = 2 if cell == "LSTM" else 1
    state: State = (x.new_zeros(len(x), hidden),) * parts
    joined = []
    for t in range(x.shape[1]):
        joined.append(torch.cat(STEPS[cell](x[:, t], state, w), 1))  # its parts are read from here alone
        state = joined[-1].split(hidden, 1)
    energy = loss(torch.stack([state[:, :hidden] for state in joined], 1))
    return joined, list(torch.autograd.grad(energy, joined, retain_graph=True))


def omega(cell: str, w: Weights, x: Tensor, states: list[Tensor], found: list[Tensor]) -> Tensor:
    """Pascanu et al. 2013, equation 9, row by row with whole Jacobians; inputs, states and errors are constants."""
    hidden, terms = w["weight_hh_l0"].shape[1], []
    for k in range(1, x.shape[1]):
        for row in range(len(x)):
            error = found[k][row].detach()
            if not error.any():
                continue

            def step(state: Tensor, k: int = k, row: int = row) -> Tensor:
                return torch.cat(STEPS[cell](x[row, k][None].detach(), state[None].split(hidden, 1), w), 1)[0]

            jacobian = torch.autograd.functional.jacobian(step, states[k - 1][row].detach(), create_graph=True)
            terms.append(((error @ jacobian).norm() / error.norm() - 1) ** 2)
    return sum(terms) / len(x)


def error_kept(model: Plain, optimizer: Optimizer, batches: Batches, *, omega: float) -> None:
    w = dict(model.architecture["cells"][0].named_parameters())
    for inputs, targets, _ in batches:
        x = model.embedding(inputs)
        states, found = errors("LSTM", w, x, lambda hidden, y=targets: nll(model.head(hidden), y))
        loss = nll(model.head(torch.stack([state[:, : model.hidden_size] for state in states], 1)), targets)
        update(optimizer, loss + omega * globals()["omega"]("LSTM", w, x, states, found))


def constrained(model: Plain, optimizer: Optimizer, batches: Batches, change: Callable[[int], None]) -> None:
    for step, (inputs, targets, _) in enumerate(batches):
        update(optimizer, nll(model(inputs, model.start(len(inputs)))[0], targets))
        with torch.no_grad():
            change(step)


def clipped_weights(model: Plain, optimizer: Optimizer, batches: Batches, *, bound: float, every_n_steps: int) -> None:
    def change(step: int) -> None:
        if step % every_n_steps == every_n_steps - 1:
            for p in model.parameters():
                p.copy_(torch.where(p.abs() > bound, bound * p.sign(), p))

    constrained(model, optimizer, batches, change)


def short_rows(model: Plain, optimizer: Optimizer, batches: Batches, *, max_unit_norm: float) -> None:
    def change(step: int) -> None:
        for name, p in model.named_parameters():
            for row in p if "weight" in name and "embedding" not in name else ():
                row.mul_(min(1.0, max_unit_norm / math.hypot(*row.tolist())))

    constrained(model, optimizer, batches, change)


def flat_spectrum(model: Plain, optimizer: Optimizer, batches: Batches, *, max_stretch: float) -> None:
    weight = model.architecture["cells"][0].weight_hh_l0

    def change(step: int) -> None:
        for block in weight.data.chunk(4):
            u, s, v = np.linalg.svd(block.numpy())
            block.copy_(torch.from_numpy(u @ np.diag(np.minimum(s, max_stretch)) @ v))

    constrained(model, optimizer, batches, change)
