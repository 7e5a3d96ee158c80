"""Gradient norms, non-finite tensors, and bounds on the gradient of a state.

B batch, H hidden.  A row is the gradient of one sequence's state.
"""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


def optimized_parameters(optimizer: Optimizer) -> list[Tensor]:
    """The parameters of an optimizer (a module's `parameters()` walks the module tree on each call)."""
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def total_norm(parameters: Iterable[Tensor]) -> Tensor:
    """The joint L2 norm of all gradients, as torch.nn.utils.clip_grad_norm_ computes it."""
    return nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None])


def max_abs_gradient(parameters: Iterable[Tensor]) -> Tensor:
    """The largest absolute value in all gradients."""
    return nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None], float("inf"))


def nonfinite_names(named: Iterable[tuple[str, Tensor | None]]) -> list[str]:
    """The names of the tensors with a nan or an inf, in the given order."""
    return [name for name, value in named if value is not None and not torch.isfinite(value).all()]


def bound_norm(gradient: Tensor, limit: float, scale: float = 1.0) -> tuple[Tensor, Tensor]:
    """Shrink each row g (H,) until its L2 norm is at most `limit`; also return which rows were shrunk, (B, 1).

        g <- g * min(1, limit / ||g||)

    The given and the returned gradient (B, H) are multiplied by `scale`.  A row with a nan or an inf keeps one.
    """
    wide = torch.float64 if gradient.dtype == torch.float64 else torch.float32  # a square overflows in float16
    norm = torch.linalg.vector_norm(gradient, dim=-1, keepdim=True, dtype=wide)
    excess = norm.div(limit * scale).clamp(min=1)  # g / 1 is g, bit for bit
    return (gradient / excess).to(gradient.dtype), excess > 1


def bound_value(gradient: Tensor, limit: float, scale: float = 1.0) -> tuple[Tensor, Tensor]:
    """Clamp each component to [-`limit`, `limit`]; also return which ones were clamped, (B, H).

    The given and the returned gradient (B, H) are multiplied by `scale`.  An inf is kept, so that
    it can stop the run.
    """
    bound = min(limit * scale, torch.finfo(gradient.dtype).max)
    bounded = gradient.clamp(-bound, bound)
    return torch.where(gradient.isinf(), gradient, bounded), bounded != gradient


RULES: dict[str, Callable[[Tensor, float, float], tuple[Tensor, Tensor]]] = {"norm": bound_norm, "value": bound_value}


class StateGradientBound:
    """State hook that bounds the gradient of each state.

    A tensor hook gets the sum of all gradients that reach the state, like an autograd.Function between the state and
    its readers, and costs less.

    Args:
        limit: the largest norm of a row, or absolute value of a component.
        by: norm or value.
    """

    def __init__(self, limit: float, by: str) -> None:
        self.limit, self.rule = limit, RULES[by]
        self.scale: float | None = None  # loss scale of the gradients; None leaves them unchanged
        self.bounded: list[Tensor] = []  # for each gradient, which rows or components were bounded

    def __call__(self, state: Tensor) -> Tensor:
        if state.requires_grad:
            state.register_hook(self._bound)
        return state

    def _bound(self, gradient: Tensor) -> Tensor:
        if self.scale is None:
            return gradient
        gradient, bounded = self.rule(gradient, self.limit, self.scale)
        self.bounded.append(bounded)
        return gradient

    def share(self) -> Tensor:
        """The fraction, 0 to 1, of rows or components that were bounded since the last call."""
        bounded, self.bounded = torch.cat([mask.flatten() for mask in self.bounded]), []
        return bounded.float().mean()
