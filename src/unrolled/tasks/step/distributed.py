"""Several processes: seeds, and reductions over them; with one process there is no communication."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from unrolled.tasks.base import SequenceTask


def seed_processes(task: SequenceTask) -> None:
    """Seed each process differently; all were seeded alike for equal first weights."""
    if task.trainer.world_size > 1:
        torch.manual_seed(torch.initial_seed() + task.global_rank)


def largest(trainer: Any, number: int) -> int:
    """The largest of the processes' numbers."""
    if trainer.world_size == 1:
        return number
    return int(trainer.strategy.reduce(torch.tensor(number, device=trainer.strategy.root_device), reduce_op="max"))


def anywhere(trainer: Any, marks: Tensor) -> list[bool]:
    """Which of `marks` (T,) bool are True on any process."""
    if trainer.world_size > 1:
        marks = trainer.strategy.reduce(marks.int(), reduce_op="max") > 0
    found: list[bool] = marks.tolist()
    return found


def no_loss(task: SequenceTask) -> Tensor | None:
    """The loss of a step without a target: None, or with DDP, which waits for gradients, a zero of all parameters."""
    if task.trainer.world_size == 1:
        return None
    return torch.stack([0 * p.sum() for p in task.parameters() if p.requires_grad]).sum()


def mean(trainer: Any, count: Tensor) -> Tensor:
    """The number of targets of a window, at least one in all; with several processes their mean, so that every target
    has the same weight."""
    if trainer.world_size == 1:
        return count.clamp(min=1)
    shared: Tensor = trainer.strategy.reduce(count.double(), reduce_op="mean")
    return shared.clamp(min=1 / trainer.world_size)
