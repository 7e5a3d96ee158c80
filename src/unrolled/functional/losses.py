"""Losses as sums and counts, and their other units.  B batch, T time, V vocabulary, O output features."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from unrolled.errors import InputError
from unrolled.functional.batch import IGNORE


def cross_entropy(logits: Tensor, targets: Tensor, smoothing: float = 0.0) -> tuple[Tensor, Tensor]:
    """The summed negative log-likelihood in nats, and over how many targets it was summed.

    `logits` (B, T, V), `targets` (B, T); a target of IGNORE counts in neither.  Computed in float32 or wider.

    Args:
        smoothing: this share of each target goes to all V ids alike.  Source: Szegedy, Vanhoucke, Ioffe, Shlens & Wojna
            2016, "Rethinking the Inception architecture for computer vision".

    Raises:
        InputError: a target that is none of the ids; on a GPU torch stops the process instead.
    """
    wide = logits.flatten(0, 1) if logits.dtype == torch.float64 else logits.flatten(0, 1).float()
    told = targets.flatten()
    try:
        total = F.cross_entropy(wide, told, ignore_index=IGNORE, reduction="sum", label_smoothing=smoothing)
    except IndexError:
        ids = wide.shape[1]
        wrong = told[(told != IGNORE) & ((told < 0) | (told >= ids))]
        raise InputError(f"targets: expected 0 to {ids - 1}, or {IGNORE} for none, got {int(wrong[0])}") from None
    return total, (targets != IGNORE).sum()


def binary_cross_entropy(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The summed negative log-likelihood in nats of yes or no answers, and over how many it was summed.

    `logits` and `targets` (..., L), targets from 0 to 1; a target of nan counts in neither.  Computed in float32 or
    wider.
    """
    wide = logits if logits.dtype == torch.float64 else logits.float()
    known = ~targets.isnan()
    return F.binary_cross_entropy_with_logits(wide[known], targets[known].to(wide.dtype), reduction="sum"), known.sum()


def squared_error(predictions: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The summed squared error, and over how many numbers it was summed.

    `predictions` and `targets` (B, T, O); a target of nan counts in neither.  Computed in float32 or wider.
    """
    wide = predictions if predictions.dtype == torch.float64 else predictions.float()
    known = ~targets.isnan()
    return (wide - targets).where(known, 0.0).square().sum(), known.sum()


def absolute_error(predictions: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The summed absolute error, and over how many numbers it was summed.

    `predictions` and `targets` (B, T, O); a target of nan counts in neither.  Computed in float32 or wider.
    """
    wide = predictions if predictions.dtype == torch.float64 else predictions.float()
    known = ~targets.isnan()
    return (wide - targets).where(known, 0.0).abs().sum(), known.sum()


def gaussian_nll(means: Tensor, deviations: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The summed negative log-likelihood of normal distributions in nats, and over how many numbers it was summed.

    `means`, `deviations` (standard ones, above 0) and `targets` (B, T, O); a target of nan counts in neither.  Computed
    in float32 or wider.
    """
    wide = torch.promote_types(means.dtype, torch.float32)
    known = ~targets.isnan()
    deviations = deviations.to(wide).where(known, 1.0)  # chosen before the logarithm: no gradient of nan where unknown
    distances = (means.to(wide) - targets).where(known, 0.0) / deviations
    nats = 0.5 * distances.square() + deviations.log() + 0.5 * math.log(2 * math.pi)
    return nats.where(known, 0.0).sum(), known.sum()


def perplexity(nats: Tensor) -> Tensor:
    """exp of the mean negative log-likelihood in nats per token."""
    return nats.exp()


def bits(nats: Tensor) -> Tensor:
    """Nats to bits: with one character a token, bits per character."""
    return nats / math.log(2)
