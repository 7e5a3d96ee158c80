"""Averages of weights over optimizer steps."""

from collections.abc import Mapping

import torch
from torch import Tensor


@torch.no_grad()
def update_averages(averages: dict[str, Tensor], weights: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """Move the averages by `share` towards the weights; without averages, return copies of the weights.

        a <- a + share (w - a)

    share = 1 / n at step n gives the mean over all steps, a constant share an exponential average.
    """
    if not averages:
        return {name: weight.detach().clone() for name, weight in weights.items()}
    return {name: averages[name].to(weight.device).lerp_(weight, share) for name, weight in weights.items()}


@torch.no_grad()
def swap_weights(weights: Mapping[str, Tensor], others: Mapping[str, Tensor]) -> None:
    """Swap the values of `others` with those of the weights of the same names, in place."""
    for name, other in others.items():
        saved = weights[name].clone()
        weights[name].copy_(other)
        other.copy_(saved)
