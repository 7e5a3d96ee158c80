"""References of the strategies that bound gradients, in plain torch.  Nothing of unrolled is used here."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor

from conformance.references.loops import Batches, Optimizer, Plain, full, nll

NOT_TAKEN = (2, 5)  # optimizer steps, counted from 0, that are spoilt


def by_parameter(
    model: Plain, optimizer: Optimizer, batches: Batches, clip: Callable[[dict[str, Tensor]], Any]
) -> None:
    """Full back-propagation; `clip` changes the gradients by name."""
    full(model, optimizer, batches, lambda _: clip({name: p.grad for name, p in model.named_parameters()}))


def layer_clipped(model: Plain, optimizer: Optimizer, batches: Batches, *, max_norm: float) -> None:
    def clip(gradients: dict[str, Tensor]) -> None:
        for layer in ("embedding.", "architecture.", "head."):
            own = [g for name, g in gradients.items() if name.startswith(layer)]
            norm = math.sqrt(sum(float((g**2).sum()) for g in own))
            for g in own:
                g.mul_(min(1.0, max_norm / (norm + 1e-6)))

    by_parameter(model, optimizer, batches, clip)


def agc(weight: Tensor, gradient: Tensor, factor: float, eps: float) -> None:
    """Brock et al. 2021, equation 3, row by row; a bias is one unit."""
    rows = [(weight, gradient)] if weight.dim() == 1 else [*zip(weight, gradient, strict=True)]
    for w, g in rows:
        largest = factor * max(math.hypot(*w.tolist()), eps)
        norm = math.hypot(*g.tolist())
        if norm > largest:
            g.mul_(largest / norm)


def unit_clipped(
    model: Plain, optimizer: Optimizer, batches: Batches, *, clipping_factor: float, eps: float = 1e-3
) -> None:
    weights = {name: p.detach() for name, p in model.named_parameters()}

    def clip(gradients: dict[str, Tensor]) -> None:
        for name, gradient in gradients.items():
            if not name.startswith("head."):
                agc(weights[name], gradient, clipping_factor, eps)

    by_parameter(model, optimizer, batches, clip)


def percentile_clipped(model: Plain, optimizer: Optimizer, batches: Batches, *, percentile: float) -> None:
    norms: list[float] = []

    def clip(gradients: dict[str, Tensor]) -> None:
        norms.append(math.sqrt(sum(float((g**2).sum()) for g in gradients.values())))
        limit = float(np.percentile(norms, percentile))
        for g in gradients.values():
            g.mul_(min(1.0, limit / (norms[-1] + 1e-6)))

    by_parameter(model, optimizer, batches, clip)


def skipping(model: Plain, optimizer: Optimizer, batches: Batches, *, at_most: int) -> None:
    assert at_most > 0
    for step, (inputs, targets, _) in enumerate(batches):
        if step not in NOT_TAKEN:
            optimizer.zero_grad()
            nll(model(inputs, model.start(len(inputs)))[0], targets).backward()
            optimizer.step()
