"""Losses as a sum and a number of targets, and their conversions.  B batch, T time, V vocabulary, O output features."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from unrolled.errors import InputError
from unrolled.functional.batch import IGNORE


def cross_entropy(logits: Tensor, targets: Tensor, smoothing: float = 0.0) -> tuple[Tensor, Tensor]:
    """The summed negative log-likelihood in nats, and the number of targets.

    `logits` (B, T, V), `targets` (B, T); a target of IGNORE is not counted.  Computed in float32 or wider.

    Args:
        smoothing: fraction of each target that is spread evenly over all V ids.  Source: Szegedy, Vanhoucke, Ioffe,
            Shlens & Wojna 2016, "Rethinking the Inception architecture for computer vision".

    Raises:
        InputError: a target that is not an id; on a GPU torch aborts the process instead.
    """
    wide = _widen(logits.flatten(0, 1))
    flat = targets.flatten()
    try:
        total = F.cross_entropy(wide, flat, ignore_index=IGNORE, reduction="sum", label_smoothing=smoothing)
    except IndexError:
        ids = wide.shape[1]
        wrong = flat[(flat != IGNORE) & ((flat < 0) | (flat >= ids))]
        raise InputError(f"targets: expected 0 to {ids - 1}, or {IGNORE} for none, got {int(wrong[0])}") from None
    return total, (targets != IGNORE).sum()


def binary_cross_entropy(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The summed negative log-likelihood of binary labels in nats, and the number of targets.

    `logits` and `targets` (..., L), targets from 0 to 1; a target of nan is not counted.  Computed in float32 or
    wider.
    """
    wide = _widen(logits)
    known = ~targets.isnan()
    return F.binary_cross_entropy_with_logits(wide[known], targets[known].to(wide.dtype), reduction="sum"), known.sum()


def squared_error(predictions: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The summed squared error, and the number of targets.

    `predictions` and `targets` (B, T, O); a target of nan is not counted.  Computed in float32 or wider.
    """
    known = ~targets.isnan()
    return (_widen(predictions) - targets).where(known, 0.0).square().sum(), known.sum()


def absolute_error(predictions: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The summed absolute error, and the number of targets.

    `predictions` and `targets` (B, T, O); a target of nan is not counted.  Computed in float32 or wider.
    """
    known = ~targets.isnan()
    return (_widen(predictions) - targets).where(known, 0.0).abs().sum(), known.sum()


def gaussian_nll(means: Tensor, deviations: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """The summed negative log-likelihood of normal distributions in nats, and the number of targets.

    `means`, `deviations` (standard deviations, above 0) and `targets` (B, T, O); a target of nan is not counted.
    Computed in float32 or wider.
    """
    wide = torch.promote_types(means.dtype, torch.float32)
    known = ~targets.isnan()
    deviations = deviations.to(wide).where(known, 1.0)  # before the logarithm: no nan gradient at missing targets
    distances = (means.to(wide) - targets).where(known, 0.0) / deviations
    nats = 0.5 * distances.square() + deviations.log() + 0.5 * math.log(2 * math.pi)
    return nats.where(known, 0.0).sum(), known.sum()


def _widen(x: Tensor) -> Tensor:
    """`x` in float32, or float64 if it is."""
    return x if x.dtype == torch.float64 else x.float()


def perplexity(nats: Tensor) -> Tensor:
    """exp of the mean negative log-likelihood in nats per token."""
    return nats.exp()


def bits(nats: Tensor) -> Tensor:
    """Nats to bits: bits per character if a token is a character."""
    return nats / math.log(2)
