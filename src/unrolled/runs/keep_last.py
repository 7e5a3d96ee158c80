"""Never lose a run: last.ckpt every so often, at the end of each epoch, and when somebody stops it."""

import signal
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Checkpoint


class KeepLast(Checkpoint):
    """Save `path` every `every` Lightning steps (batches, unless gradients accumulate) and at each epoch's end.

    On Ctrl-C or SIGTERM finish the step, save, and leave with 130 or 143; a second Ctrl-C leaves at once.
    """

    def __init__(self, path: Path, every: int) -> None:
        self.path, self.every = path, every
        self.told: int | None = None
        self.handlers: dict[int, Any] = {}

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.step = trainer.global_step
        for number in (signal.SIGINT, signal.SIGTERM):
            self.handlers[number] = signal.signal(number, self._tell)

    def _tell(self, number: int, frame: Any) -> None:
        if self.told is not None:
            raise KeyboardInterrupt
        self.told = number

    def on_train_batch_end(self, trainer: pl.Trainer, *args: Any) -> None:
        stepped, self.step = trainer.global_step != self.step, trainer.global_step
        if not stepped:
            return  # gradients are being gathered over batches, and no checkpoint holds them
        told = trainer.strategy.reduce_boolean_decision(self.told is not None, all=False)
        if told or self.step % self.every == 0:
            trainer.save_checkpoint(self.path, weights_only=False)
        if told:
            raise SystemExit(128 + (self.told or signal.SIGTERM))

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        trainer.save_checkpoint(self.path, weights_only=False)

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        for number, handler in self.handlers.items():
            signal.signal(number, handler)
        self.handlers = {}
