"""The size of a gradient, and which part of it is no number."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


def parameters(optimizer: Optimizer) -> list[Tensor]:
    """What an optimiser moves (a module's `parameters()` walks the whole module each time)."""
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def total_norm(parameters: Iterable[Tensor]) -> Tensor:
    """The L2 norm over all gradients together, as torch.nn.utils.clip_grad_norm_ measures it."""
    return nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])


def largest(parameters: Iterable[Tensor]) -> Tensor:
    """The largest absolute value of a component of all gradients together."""
    return nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None], float("inf"))


def nonfinite(named: Iterable[tuple[str, Tensor | None]]) -> list[str]:
    """The names of the tensors that hold a nan or an inf, in the order given."""
    return [name for name, value in named if value is not None and not torch.isfinite(value).all()]
