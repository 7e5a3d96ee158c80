"""What several processes agree on before they train; with one process nothing is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from unrolled.tasks.base import SequenceTask


def largest(trainer: Any, number: int) -> int:
    """The largest of the processes' numbers."""
    if trainer.world_size == 1:
        return number
    return int(trainer.strategy.reduce(torch.tensor(number, device=trainer.strategy.root_device), reduce_op="max"))


def anywhere(trainer: Any, marks: Tensor) -> list[bool]:
    """Which of `marks` (T,) are set on any process."""
    if trainer.world_size > 1:
        marks = trainer.strategy.reduce(marks.int(), reduce_op="max") > 0
    told: list[bool] = marks.tolist()
    return told


def no_loss(task: SequenceTask) -> Tensor | None:
    """What a training step without a target returns: nothing, or where DDP waits for gradients, zeros for each."""
    if task.trainer.world_size == 1:
        return None
    return torch.stack([0 * p.sum() for p in task.parameters() if p.requires_grad]).sum()


def mean(trainer: Any, count: Tensor) -> Tensor:
    """The targets of a window, at least one in all: with several processes their mean, so that every target weighs
    the same whichever process holds it."""
    if trainer.world_size == 1:
        return count.clamp(min=1)
    shared: Tensor = trainer.strategy.reduce(count.double(), reduce_op="mean")
    return shared.clamp(min=1 / trainer.world_size)
