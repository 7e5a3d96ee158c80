"""Never lose a run: last.ckpt every so often, at the end of each epoch, and when somebody stops it."""

import signal
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Checkpoint


class KeepLast(Checkpoint):
    """Save `path` every `every` Lightning steps (batches, unless gradients accumulate) and at each epoch's end.

    On Ctrl-C or SIGTERM finish the step, save, and leave with 130 or 143; a second Ctrl-C leaves at once.  Where a
    validation or an epoch's end follows the step, all this waits for it: Lightning never makes up for one that a
    checkpoint from before it has not seen.  Whoever is told so at the very end finishes.
    """

    def __init__(self, path: Path, every: int) -> None:
        self.path, self.every = path, every
        self.told: int | None = None
        self.after_validation = False  # whether to save then
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
        due, loop = self._told(trainer) or self.step % self.every == 0, trainer.fit_loop.epoch_loop
        validates = loop._should_check_val_fx(trainer.fit_loop._data_fetcher)  # type: ignore[arg-type]
        self.after_validation = due and validates and not loop.batch_progress.is_last_batch
        if due and not validates and not loop.batch_progress.is_last_batch:
            self._save(trainer)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if self.after_validation:
            self.after_validation = False
            self._save(trainer)

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        epochs, loop = trainer.max_epochs, trainer.fit_loop.epoch_loop
        self._save(trainer, last=trainer.current_epoch + 1 == epochs or loop._is_training_done)

    def _told(self, trainer: pl.Trainer) -> bool:
        """Whether any process was told to stop."""
        return trainer.strategy.reduce_boolean_decision(self.told is not None, all=False)

    def _save(self, trainer: pl.Trainer, last: bool = False) -> None:
        trainer.save_checkpoint(self.path, weights_only=False)
        if self._told(trainer) and not last:
            raise SystemExit(128 + (self.told or signal.SIGTERM))

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        for number, handler in self.handlers.items():
            signal.signal(number, handler)
        self.handlers = {}
