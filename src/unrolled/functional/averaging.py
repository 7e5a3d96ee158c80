"""Averages of weights over optimiser steps."""

from collections.abc import Mapping

import torch
from torch import Tensor


@torch.no_grad()
def update_averages(averages: dict[str, Tensor], weights: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """The averages, moved by `share` towards the weights; copies of them where there were none.

        a <- a + share (w - a)

    With share = 1 / n at step n it is the mean of all, with a share that stays an exponential average.
    """
    if not averages:
        return {name: weight.detach().clone() for name, weight in weights.items()}
    return {name: averages[name].to(weight.device).lerp_(weight, share) for name, weight in weights.items()}


@torch.no_grad()
def swap_weights(weights: Mapping[str, Tensor], others: Mapping[str, Tensor]) -> None:
    """Swap the numbers of each of `others` with those of the weight of its name, in place."""
    for name, other in others.items():
        kept = weights[name].clone()
        weights[name].copy_(other)
        other.copy_(kept)
