"""Batches of sequences, and the marks of missing targets.  B batch, T time, O target numbers."""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence

IGNORE = -100  # a class target that no loss or metric counts; missing numbers are nan


class SequenceBatch(NamedTuple):
    """Consecutive time steps of B sequences.  B batch, T time."""

    inputs: Tensor  # (B, T): token ids; (B, T, F): numbers
    targets: Tensor  # (B, T): class ids, IGNORE where missing; (B, T, O): numbers, nan where missing
    fresh: Tensor  # (B, T) bool: True where a row starts a new sequence at that step


class ForecastBatch(NamedTuple):
    """Consecutive time steps of B numeric series.  O forecast numbers per time step, C input channels."""

    inputs: Tensor  # (B, T, C): without nan
    targets: Tensor  # (B, T, O): the numbers of the next step; nan where missing or not a target
    fresh: Tensor  # (B, T) bool: True where a row starts a new window or series at that step
    rows: Tensor  # (B, 1 + 4 O): index of the series, then O each: location, scale, deviation, season error


Batch = TypeVar("Batch", SequenceBatch, ForecastBatch)


def counted(targets: Tensor) -> Tensor:
    """(B, T) bool: steps with a target."""
    return ~targets.isnan().all(-1) if targets.is_floating_point() else targets != IGNORE


def how_many(targets: Tensor) -> Tensor:
    """(): number of targets, counting class ids or single numbers."""
    return (~targets.isnan() if targets.is_floating_point() else targets != IGNORE).sum()


def uncount(targets: Tensor, steps: Tensor) -> Tensor:
    """The targets, missing at `steps` (B, T) bool."""
    if targets.is_floating_point():
        return targets.masked_fill(steps[..., None], float("nan"))
    return targets.masked_fill(steps, IGNORE)


def lengthen(batch: Batch, length: int) -> Batch:
    """The batch padded in time to `length`, without targets at padding."""
    missing = length - batch.inputs.shape[1]
    if missing == 0:
        return batch
    numbers: tuple[int, ...] = (0, 0) * (batch.inputs.dim() - 2)
    missing_target = float("nan") if batch.targets.is_floating_point() else IGNORE
    return batch._replace(  # other fields are unchanged
        inputs=pad(batch.inputs, (*numbers, 0, missing)),
        targets=pad(batch.targets, ((0, 0) * (batch.targets.dim() - 2) + (0, missing)), value=missing_target),
        fresh=torch.cat([batch.fresh, batch.fresh.new_zeros(len(batch.fresh), missing)], 1),
    )


def at_end(label: Tensor, length: int) -> Tensor:
    """The targets of a sequence of `length` steps with one label: the label at the last step, missing before it.

    `label` () is a class id, and the targets are (T,); (L,) are numbers, e.g. L independent binary labels, and the
    targets are (T, L).
    """
    missing_target = float("nan") if label.is_floating_point() else IGNORE
    targets = label.new_full((length, *label.shape), missing_target)
    targets[-1] = label
    return targets


def pad_rows(inputs: Sequence[Tensor], targets: Sequence[Tensor], length: int | None = None) -> SequenceBatch:
    """A batch of full sequences (T_i, ...), padded at their ends to `length`, or to the longest.

    Padding has no targets, so that in one direction it affects no loss.
    """
    missing_target = float("nan") if targets[0].is_floating_point() else IGNORE
    padded, labels = pad_sequence([*inputs], True), pad_sequence([*targets], True, missing_target)
    fresh = (torch.arange(padded.shape[1]) == 0).repeat(len(padded), 1)
    return lengthen(SequenceBatch(padded, labels, fresh), length or padded.shape[1])


def ends(targets: Tensor) -> Tensor:
    """(B,): length of each sequence in time steps, up to its last target; 1 without targets."""
    steps = torch.arange(1, targets.shape[1] + 1, device=targets.device)
    return (counted(targets) * steps).amax(1).clamp(min=1)
