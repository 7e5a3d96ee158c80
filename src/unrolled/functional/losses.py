"""Negative log-likelihood and its other units.  B batch, T time, V vocabulary."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from unrolled.functional.batch import IGNORE


def cross_entropy(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The summed negative log-likelihood in nats, and over how many targets it was summed.

    `logits` (B, T, V), `targets` (B, T); a target of IGNORE counts in neither.  Computed in float32 or wider.
    """
    wide = logits.flatten(0, 1) if logits.dtype == torch.float64 else logits.flatten(0, 1).float()
    total = F.cross_entropy(wide, targets.flatten(), ignore_index=IGNORE, reduction="sum")
    return total, (targets != IGNORE).sum()


def perplexity(nats: Tensor) -> Tensor:
    """exp of the mean negative log-likelihood in nats per token."""
    return nats.exp()


def bits(nats: Tensor) -> Tensor:
    """Nats to bits: with one character a token, bits per character."""
    return nats / math.log(2)
