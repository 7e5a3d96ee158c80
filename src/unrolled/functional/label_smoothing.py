"""Targets that are not quite certain.  B batch, T time, V vocabulary."""

import torch
from torch import Tensor
from torch.nn import functional as F

from unrolled.functional.batch import IGNORE


def smoothed_cross_entropy(logits: Tensor, targets: Tensor, smoothing: float) -> tuple[Tensor, Tensor]:
    """The summed cross-entropy in nats with (1 - smoothing) on the target and smoothing / V on each of the V ids.

    `logits` (B, T, V), `targets` (B, T); a target of IGNORE counts in neither the sum nor the count.  Source: Szegedy,
    Vanhoucke, Ioffe, Shlens & Wojna 2016, "Rethinking the Inception architecture for computer vision".
    """
    wide = logits.flatten(0, 1) if logits.dtype == torch.float64 else logits.flatten(0, 1).float()
    total = F.cross_entropy(
        wide, targets.flatten(), ignore_index=IGNORE, reduction="sum", label_smoothing=smoothing
    )  # fmt: skip
    return total, (targets != IGNORE).sum()
