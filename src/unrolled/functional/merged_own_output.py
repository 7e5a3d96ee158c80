"""The model's own output where the truth could stand, and a mark where there is none.  B batch, T time, F features.

Ids are (B,) or (B, T), numbers and features (B, F) or (B, T, F).  The mark is -1 for ids, nan for the others.
"""

import torch
from torch import Tensor


def none_like(own: Tensor) -> Tensor:
    """No output, in the shape of `own`."""
    return torch.full_like(own, _mark(own))


def known(own: Tensor) -> Tensor:
    """(B,) bool: which rows of `own` (B, ...) have an output."""
    there = ~own.isnan() if own.is_floating_point() else own >= 0
    return there.flatten(1).all(1) if own.dim() > 1 else there


def withhold(own: Tensor, truth: Tensor) -> Tensor:
    """`own`, with none at the steps (B,) or (B, T) that are to read the truth."""
    return own.masked_fill(truth.reshape(*truth.shape, *[1] * (own.dim() - truth.dim())), _mark(own))


def _mark(own: Tensor) -> float:
    return float("nan") if own.is_floating_point() else -1
