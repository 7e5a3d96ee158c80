"""The size of a gradient, and which part of it is no number."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


def optimized_parameters(optimizer: Optimizer) -> list[Tensor]:
    """What an optimiser moves (a module's `parameters()` walks the whole module each time)."""
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def total_norm(parameters: Iterable[Tensor]) -> Tensor:
    """The L2 norm over all gradients together, as torch.nn.utils.clip_grad_norm_ measures it."""
    return nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])


def max_abs_gradient(parameters: Iterable[Tensor]) -> Tensor:
    """The largest absolute value of a component of all gradients together."""
    return nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None], float("inf"))


def nonfinite_names(named: Iterable[tuple[str, Tensor | None]]) -> list[str]:
    """The names of the tensors that hold a nan or an inf, in the order given."""
    return [name for name, value in named if value is not None and not torch.isfinite(value).all()]


def bound_norm(gradient: Tensor, limit: float, scale: float = 1.0) -> tuple[Tensor, Tensor]:
    """Shrink each row g (H,) until its L2 norm is at most `limit`; also which rows were shrunk, (B, 1).

        g <- g * min(1, limit / ||g||)

    The gradient (B, H) comes and goes multiplied by `scale`.  A row with a nan or an inf keeps one.
    """
    wide = torch.float64 if gradient.dtype == torch.float64 else torch.float32  # a square overflows in float16
    norm = torch.linalg.vector_norm(gradient, dim=-1, keepdim=True, dtype=wide)
    excess = norm.div(limit * scale).clamp(min=1)  # g / 1 is g, bit for bit
    return (gradient / excess).to(gradient.dtype), excess > 1


def bound_value(gradient: Tensor, limit: float, scale: float = 1.0) -> tuple[Tensor, Tensor]:
    """Cut each component to [-`limit`, `limit`]; also which ones were cut, (B, H).

    The gradient (B, H) comes and goes multiplied by `scale`.  An inf stays one: it must stop the run, not be hidden.
    """
    most = min(limit * scale, torch.finfo(gradient.dtype).max)
    bounded = gradient.clamp(-most, most)
    return torch.where(gradient.isinf(), gradient, bounded), bounded != gradient


RULES: dict[str, Callable[[Tensor, float, float], tuple[Tensor, Tensor]]] = {"norm": bound_norm, "value": bound_value}


class StateGradientBound:
    """Let a state through, and bound the gradient that comes back to it.

    A hook on the state itself meets the sum of all that flows back there, as an autograd.Function between the state
    and its readers would, and costs less.

    Args:
        limit: the largest norm of a row, or absolute value of a component.
        by: norm or value.
    """

    def __init__(self, limit: float, by: str) -> None:
        self.limit, self.rule = limit, RULES[by]
        self.scale: float | None = None  # what the gradients that come are multiplied by; None lets them pass
        self.met: list[Tensor] = []  # of each gradient that came: which rows or components were bounded

    def __call__(self, state: Tensor) -> Tensor:
        if state.requires_grad:
            state.register_hook(self._arrive)
        return state

    def _arrive(self, gradient: Tensor) -> Tensor:
        if self.scale is None:
            return gradient
        gradient, bounded = self.rule(gradient, self.limit, self.scale)
        self.met.append(bounded)
        return gradient

    def share(self) -> Tensor:
        """The share, 0 to 1, of rows or components that were bounded, of all since the last call."""
        met, self.met = torch.cat([bounded.flatten() for bounded in self.met]), []
        return met.float().mean()
