"""What is added to a loss.  B batch, T time, H hidden."""

from collections.abc import Iterable

import torch
from torch import Tensor


def weight_penalty(weights: Iterable[Tensor], l1: float, l2: float) -> Tensor:
    """l1 * sum |w| + l2 * sum w^2; a term whose factor is 0 is not computed."""
    weights = [*weights]
    terms = [l1 * torch.stack([w.abs().sum() for w in weights]).sum()] if l1 else []
    terms += [l2 * torch.stack([w.square().sum() for w in weights]).sum()] if l2 else []
    return torch.stack(terms).sum()


def until_last(marks: Tensor) -> Tensor:
    """(B, T) bool: the steps of each row up to its last True of `marks` (B, T)."""
    return marks.flip(1).cumsum(1).flip(1) > 0


def activity(hidden: Tensor, steps: Tensor) -> Tensor:
    """The sum over `steps` (B, T) of the mean square of the outputs (B, T, H)."""
    return (hidden.square().mean(-1) * steps).sum()


def change(hidden: Tensor, steps: Tensor) -> Tensor:
    """The sum over `steps` (B, T - 1) of the mean squared difference of each output to the one before it."""
    return (hidden.diff(dim=1).square().mean(-1) * steps).sum()
