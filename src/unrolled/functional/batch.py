"""What a data module hands to a task."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

IGNORE = -100  # a target that takes no part in any loss or metric


class SequenceBatch(NamedTuple):
    """A piece of B sequences.  B batch, T time."""

    inputs: Tensor  # (B, T): token ids; (B, T, F): numbers
    targets: Tensor  # (B, T): class ids, IGNORE where there is nothing to predict; (B, T, O): numbers, nan there
    fresh: Tensor  # (B, T) bool: True where a row starts a new sequence at that step


def counted(targets: Tensor) -> Tensor:
    """(B, T) bool: where there is something to predict."""
    return ~targets.isnan().all(-1) if targets.is_floating_point() else targets != IGNORE


def how_many(targets: Tensor) -> Tensor:
    """(): over how many targets a summed loss is summed: classes that there are, or single numbers."""
    return (~targets.isnan() if targets.is_floating_point() else targets != IGNORE).sum()


def uncount(targets: Tensor, steps: Tensor) -> Tensor:
    """The targets without those at `steps` (B, T) bool."""
    if targets.is_floating_point():
        return targets.masked_fill(steps[..., None], float("nan"))
    return targets.masked_fill(steps, IGNORE)


def lengthen(batch: SequenceBatch, length: int) -> SequenceBatch:
    """The batch with steps behind its own, up to `length`, at which there is nothing to predict."""
    missing = length - batch.inputs.shape[1]
    if missing == 0:
        return batch
    numbers = (0, 0) * (batch.inputs.dim() - 2)
    nothing = float("nan") if batch.targets.is_floating_point() else IGNORE
    return batch._replace(  # what else a batch carries stays
        inputs=pad(batch.inputs, (*numbers, 0, missing)),
        targets=pad(batch.targets, ((0, 0) * (batch.targets.dim() - 2) + (0, missing)), value=nothing),
        fresh=torch.cat([batch.fresh, batch.fresh.new_zeros(len(batch.fresh), missing)], 1),
    )
