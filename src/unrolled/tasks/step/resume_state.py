"""State of a run, besides weights, that a bitwise resume needs."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import torch
from torch import distributed

from unrolled.errors import InputError

if TYPE_CHECKING:
    from unrolled.tasks.base import SequenceTask


def snapshot(task: SequenceTask) -> dict[str, Any]:
    """Every process's hidden state, log sums and random number generators, and the step."""
    mine = {
        "after": task.cursor.saved,
        "ages": task.ages,
        "records": task.training_metrics.records,
        "random": _random_numbers(),
    }
    ranks = [mine]
    if distributed.is_available() and distributed.is_initialized():
        ranks = [None] * distributed.get_world_size()  # type: ignore[list-item]
        distributed.all_gather_object(ranks, mine)
    return {"optimizer_steps": task.optimizer_steps, "seed": task.seed, "ranks": ranks}


def restore(task: SequenceTask, saved: dict[str, Any] | None) -> None:
    """Set what `snapshot` took (null: a checkpoint of weights only); random states wait until the first batch."""
    if saved is None:
        return
    task.optimizer_steps, task.seed = saved["optimizer_steps"], saved["seed"]
    if task._trainer is None or not task.trainer.training:
        return
    world, ranks = task.trainer.world_size, saved["ranks"]
    if len(ranks) != world:
        raise InputError(f"the checkpoint was written by {len(ranks)} process(es), this run has {world}: use as many")
    mine = ranks[task.global_rank]
    task.cursor.saved, task.ages = mine["after"], mine["ages"]
    task.training_metrics.records, task.resumed = dict(mine["records"]), mine["random"]


def resume(task: SequenceTask, saved: dict[str, Any]) -> None:
    """Before the first batch after `restore`: move the state to the device and set the random states `saved`."""
    task.resumed = None
    task.cursor.saved = tuple(part.to(task.device) for part in task.cursor.saved)
    task.ages = tuple(part.to(task.device) for part in task.ages)
    metrics = task.training_metrics
    metrics.records = {name: (total.to(task.device), count) for name, (total, count) in metrics.records.items()}
    torch.set_rng_state(saved["torch"])
    version, words, gauss = saved["python"]
    random.setstate((version, tuple(words), gauss))
    if saved["cuda"] is not None:
        torch.cuda.set_rng_state(saved["cuda"])


def _random_numbers() -> dict[str, Any]:
    return {
        "torch": torch.get_rng_state(),
        "python": random.getstate(),
        "cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
    }
