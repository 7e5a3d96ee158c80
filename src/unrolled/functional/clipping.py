"""Gradient clipping by group, by unit and by a percentile of the history.

A unit is a row of a weight: the incoming weights of one unit.
"""

from bisect import insort
from collections.abc import Iterable, MutableSequence

import torch
from torch import Tensor, nn

from unrolled.functional.gradients import total_norm


def clip_group(group: list[Tensor], limit: float) -> Tensor:
    """Shrink the gradients of a group of parameters until their joint L2 norm is at most `limit`.

        g <- g * min(1, limit / (||g|| + 1e-6))

    Returns:
        () bool: whether they were shrunk.
    """
    norm = total_norm(group)
    nn.utils.clip_grads_with_norm_(group, limit, norm)
    return norm > limit


def unit_norms(weight: Tensor) -> Tensor:
    """The L2 norm of each row of a weight (N, ...) as (N, 1, ...); of a vector or scalar, its single norm."""
    if weight.dim() < 2:
        return torch.linalg.vector_norm(weight)
    return torch.linalg.vector_norm(weight, dim=tuple(range(1, weight.dim())), keepdim=True)


@torch.no_grad()
def clip_units(parameters: Iterable[Tensor], factor: float, eps: float) -> Tensor:
    """Shrink the gradient G of each unit to at most `factor` times the norm of its weight W.

        G <- G * min(1, factor * max(||W||, eps) / ||G||)

    Returns:
        (): the fraction, 0 to 1, of units that were shrunk.

    Source: Brock, De, Smith & Simonyan 2021, "High-performance large-scale image recognition without normalization",
    equation 3.
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
    """Insert `value` into a sorted history and return the percentile (0 to 100) of the result, linearly interpolated.

    Source: Seetharaman, Wichern, Pardo & Le Roux 2020, "AutoClip: adaptive gradient clipping for source separation
    networks".
    """
    insort(history, value)
    position = (len(history) - 1) * percentile / 100
    below = int(position)
    above = min(below + 1, len(history) - 1)
    return history[below] + (position - below) * (history[above] - history[below])
