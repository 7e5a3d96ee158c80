"""Bounds on gradients that are more than one number for all.  A unit is a row of a weight: what one unit reads."""

from bisect import insort
from collections.abc import Iterable, MutableSequence

import torch
from torch import Tensor, nn

from unrolled.functional.gradients import total_norm


def clip_group(group: list[Tensor], limit: float) -> Tensor:
    """Shrink the gradients of a group of parameters until their joint L2 norm is at most `limit`.

        g <- g * min(1, limit / (||g|| + 1e-6))

    Returns:
        Whether they were shrunk.
    """
    norm = total_norm(group)
    nn.utils.clip_grads_with_norm_(group, limit, norm)
    return norm > limit


def unit_norms(weight: Tensor) -> Tensor:
    """The L2 norm of each row of a weight (N, ...), (N, 1, ...); of a vector or a number as a whole."""
    if weight.dim() < 2:
        return torch.linalg.vector_norm(weight)
    return torch.linalg.vector_norm(weight, dim=tuple(range(1, weight.dim())), keepdim=True)


@torch.no_grad()
def clip_units(parameters: Iterable[Tensor], factor: float, eps: float) -> Tensor:
    """Shrink the gradient G of each unit until it is at most a share of the unit's own weight W.

        G <- G * min(1, factor * max(||W||, eps) / ||G||)

    Returns:
        The share, 0 to 1, of units that were shrunk.
    """
    shrunk = []
    for parameter in parameters:
        if parameter.grad is None:
            continue
        limits, norms = factor * unit_norms(parameter).clamp(min=eps), unit_norms(parameter.grad)
        over = norms > limits
        parameter.grad.mul_(torch.where(over, limits / norms, 1.0))
        shrunk.append(over.flatten())
    return torch.cat(shrunk).float().mean() if shrunk else torch.zeros(())


def history_percentile(history: MutableSequence[float], value: float, percentile: float) -> float:
    """Put `value` into a sorted history, and give the percentile of all that it holds then.

    Between two entries it is interpolated linearly: 0 is the smallest, 100 the largest.
    """
    insort(history, value)
    place = (len(history) - 1) * percentile / 100
    below = int(place)
    above = min(below + 1, len(history) - 1)
    return history[below] + (place - below) * (history[above] - history[below])
