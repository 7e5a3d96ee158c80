"""What a run tells of itself while it trains."""

from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor


class Telemetry(pl.LightningModule):
    """Numbers of single steps, gathered on the device and logged as means.

    A call of `log` each step would cost more than a small network.
    """

    def __init__(self) -> None:
        super().__init__()
        self.optimizer_steps = 0  # how many there were: every schedule is a function of it
        self.records: dict[str, tuple[Tensor, int]] = {}  # sums since the last line of the log

    def record(self, name: str, value: Tensor | float) -> None:
        """Remember a number of this step; the log gets means, every `log_every_n_steps` batches and each epoch."""
        number = torch.as_tensor(value, device=self.device).detach()
        total, count = self.records.get(name, (0.0, 0))
        self.records[name] = (total + number.to(torch.promote_types(number.dtype, torch.float32)), count + 1)

    def clock(self) -> dict[str, float]:
        """When it is: Lightning takes the x-axis of its loggers from `step`, and would else count batches."""
        return {"step": float(self.optimizer_steps), "epoch": float(self.current_epoch)}

    def summarize(self, means: dict[str, Tensor]) -> dict[str, Tensor]:
        """What the log says of the means of the records."""
        return means

    def report(self) -> None:
        """Write the means of the records to every logger, and forget them."""
        reduce = self.trainer.strategy.reduce  # the mean over the processes
        means = {name: reduce(total / count, reduce_op="mean") for name, (total, count) in self.records.items()}
        means, self.records = self.summarize(means), {}
        for logger in self.loggers:  # now: Lightning would write it only after a checkpoint of this step was saved
            logger.log_metrics({**{n: float(v) for n, v in means.items()}, **self.clock()}, self.optimizer_steps)
        if "train/loss" in means:  # which a batch without a target has not, nor a step that was not taken
            self.log("train/loss", means.pop("train/loss"), prog_bar=True, logger=False)
        self.log_dict({**means, **self.clock()}, logger=False)

    def report_batch(self) -> None:
        """At a batch's end: report when it is time, and when there is something to say."""
        every: Any = self.trainer.log_every_n_steps  # type: ignore[attr-defined]
        if every and self.records and (self.trainer.global_step + 1) % every == 0:
            self.report()

    def on_train_epoch_end(self) -> None:
        if self.records:
            self.report()
