"""Batches: the tensors that a data module passes to a task, padded where sequences have unequal length.

B batch, T time, F features, O numbers, H hidden.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor
from torch.nn.functional import pad
from torch.nn.utils.rnn import pad_sequence

IGNORE = -100  # a target that takes no part in any loss or metric


class SequenceBatch(NamedTuple):
    """A piece of B sequences.  B batch, T time."""

    inputs: Tensor  # (B, T): token ids; (B, T, F): numbers
    targets: Tensor  # (B, T): class ids, IGNORE without a target; (B, T, O): numbers, nan without a target
    resets: Tensor  # (B, T) bool: True where a row starts a new sequence at that step


class ForecastBatch(NamedTuple):
    """A piece of B series to forecast, O numbers at each time step; the data module describes the channels."""

    inputs: Tensor  # (B, T, C): the channels of each step, without nan
    targets: Tensor  # (B, T, O): the numbers of the next step; nan where missing or not to be predicted
    resets: Tensor  # (B, T) bool: True where a row starts a new window or series at that step
    rows: Tensor  # (B, 1 + 4 O): number of the series, then O each: location, scale, deviation, season error


Batch = TypeVar("Batch", SequenceBatch, ForecastBatch)


def has_target(targets: Tensor) -> Tensor:
    """(B, T) bool: the steps that have a target."""
    return ~targets.isnan().all(-1) if targets.is_floating_point() else targets != IGNORE


def num_targets(targets: Tensor) -> Tensor:
    """(): the number of targets in a summed loss: classes, or single numbers."""
    return (~targets.isnan() if targets.is_floating_point() else targets != IGNORE).sum()


def drop_targets(targets: Tensor, steps: Tensor) -> Tensor:
    """The targets without those at `steps` (B, T) bool."""
    if targets.is_floating_point():
        return targets.masked_fill(steps[..., None], float("nan"))
    return targets.masked_fill(steps, IGNORE)


def lengthen(batch: Batch, length: int) -> Batch:
    """The batch padded in time to `length`, without targets at the added steps."""
    missing = length - batch.inputs.shape[1]
    if missing == 0:
        return batch
    numbers: tuple[int, ...] = (0, 0) * (batch.inputs.dim() - 2)
    missing_target = float("nan") if batch.targets.is_floating_point() else IGNORE
    return batch._replace(
        inputs=pad(batch.inputs, (*numbers, 0, missing)),
        targets=pad(batch.targets, ((0, 0) * (batch.targets.dim() - 2) + (0, missing)), value=missing_target),
        resets=torch.cat([batch.resets, batch.resets.new_zeros(len(batch.resets), missing)], 1),
    )


def at_end(label: Tensor, length: int) -> Tensor:
    """The label of a sequence as targets of its `length` steps: at the last step only.

    `label` is () for a class, which gives (T,), and (L,) for numbers, such as 0 or 1 for each of L labels, which gives
    (T, L).
    """
    missing = float("nan") if label.is_floating_point() else IGNORE
    targets = label.new_full((length, *label.shape), missing)
    targets[-1] = label
    return targets


def pad_rows(inputs: Sequence[Tensor], targets: Sequence[Tensor], length: int | None = None) -> SequenceBatch:
    """Full sequences (T_i, ...) as the rows of one batch, padded at the end to `length`, or to the longest.

    Padding has no target.
    """
    missing = float("nan") if targets[0].is_floating_point() else IGNORE
    padded, labels = pad_sequence([*inputs], True), pad_sequence([*targets], True, missing)
    resets = (torch.arange(padded.shape[1]) == 0).repeat(len(padded), 1)
    return lengthen(SequenceBatch(padded, labels, resets), length or padded.shape[1])


def row_lengths(targets: Tensor) -> Tensor:
    """(B,): length of each row in time steps, up to its last target; 1 for a row without a target."""
    steps = torch.arange(1, targets.shape[1] + 1, device=targets.device)
    return (has_target(targets) * steps).amax(1).clamp(min=1)


def length_mask(lengths: Tensor, time: int) -> Tensor:
    """(B, T) bool: True up to each sequence's length, False at padding."""
    return torch.arange(time, device=lengths.device) < lengths[:, None]


def zero_padding(x: Tensor, lengths: Tensor | None) -> Tensor:
    """`x` (B, T, F) with padding set to zero."""
    return x if lengths is None else x.masked_fill(~length_mask(lengths, x.shape[1])[..., None], 0)


def last_outputs(outputs: Tensor, lengths: Tensor) -> Tensor:
    """(B, H): `outputs` (B, T, H) at the last step of each sequence."""
    return outputs[torch.arange(len(outputs), device=outputs.device), lengths - 1]


def reverse_sequences(sequence: Tensor, lengths: Tensor | None) -> Tensor:
    """Reverse each sequence of (B, T, ...) in time; padding stays at the end."""
    if lengths is None:
        return sequence.flip(1)
    time = torch.arange(sequence.shape[1], device=sequence.device)
    index = torch.where(time < lengths[:, None], lengths[:, None] - 1 - time, time)
    return sequence[torch.arange(len(sequence), device=sequence.device)[:, None], index]


def steps_since(marks: Tensor, before: Tensor) -> Tensor:
    """(B, T): time steps since the last True of `marks` (B, T).

    `before` (B,) is the number of steps from the last mark before the batch to its first step.
    """
    time = torch.arange(marks.shape[1], device=marks.device)
    return time - torch.where(marks, time, -before[:, None]).cummax(1).values
