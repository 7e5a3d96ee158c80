"""Means: of training metrics, accumulated per step and logged, and of the loss over an evaluated split."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torchmetrics import Metric

if TYPE_CHECKING:
    from unrolled.tasks.base import SequenceTask

WIDE = torch.float32 if torch.backends.mps.is_available() else torch.float64  # MPS has no float64


class TrainingMetrics:
    """Sums of the numbers of single steps, kept on the device and logged as means.

    A call of `log` at each step would cost more than a small network.

    Args:
        task: the task that is trained; its `summarize` may change the means.
    """

    def __init__(self, task: SequenceTask) -> None:
        self.task = task
        self.records: dict[str, tuple[Tensor, int]] = {}  # sum and number of steps since the last line of the log

    def record(self, name: str, value: Tensor | float) -> None:
        """Add a number of this step."""
        number = torch.as_tensor(value, device=self.task.device).detach()
        total, count = self.records.get(name, (0.0, 0))
        self.records[name] = (total + number.to(torch.promote_types(number.dtype, torch.float32)), count + 1)

    def clock(self) -> dict[str, float]:
        """Step and epoch: loggers take their x-axis from `step`, where Lightning would count batches."""
        return {"step": float(self.task.optimizer_steps), "epoch": float(self.task.current_epoch)}

    def report(self) -> None:
        """Write the means to every logger, and reset them."""
        reduce = self.task.trainer.strategy.reduce  # the mean over the processes
        means = {name: reduce(total / count, reduce_op="mean") for name, (total, count) in self.records.items()}
        means, self.records = self.task.summarize(means), {}
        for logger in self.task.loggers:  # now: Lightning would write only after a checkpoint of this step was saved
            logger.log_metrics({**{n: float(v) for n, v in means.items()}, **self.clock()}, self.task.optimizer_steps)
        if "train/loss" in means:  # missing for a batch without a target, or a skipped step
            self.task.log("train/loss", means.pop("train/loss"), prog_bar=True, logger=False)
        self.task.log_dict({**means, **self.clock()}, logger=False)

    def report_batch(self) -> None:
        """At the end of a batch: report every `log_every_n_steps` batches, if anything was recorded."""
        trainer: Any = self.task.trainer
        every = trainer.log_every_n_steps
        if every and self.records and (trainer.global_step + 1) % every == 0:
            self.report()

    def report_epoch(self) -> None:
        """At the end of an epoch: report the remaining means."""
        if self.records:
            self.report()


class MeanLoss(Metric):
    """Summed losses over summed counts, of all batches and processes; a nan stays a nan (MeanMetric drops it)."""

    full_state_update = False
    total: Tensor
    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name in ("total", "count"):
            self.add_state(name, torch.zeros((), dtype=WIDE), dist_reduce_fx="sum")

    def update(self, total: Tensor, count: Tensor) -> None:
        self.total = self.total + total
        self.count = self.count + count

    def compute(self) -> Tensor:
        return self.total / self.count
