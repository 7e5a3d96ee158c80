"""last.ckpt: save periodically, at the end of each epoch, and on SIGINT or SIGTERM."""

import signal
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Checkpoint


class KeepLast(Checkpoint):
    """Save `path` every `every` Lightning steps (batches, unless gradients accumulate) and at the end of each epoch.

    On Ctrl-C or SIGTERM finish the step, save, and exit with 130 or 143; a second Ctrl-C exits at once.  If a
    validation or the end of the epoch follows the step, saving waits for it: Lightning would skip it after resuming
    from an earlier checkpoint.  A signal during the end of the last epoch lets the run finish.
    """

    def __init__(self, path: Path, every: int) -> None:
        self.path, self.every = path, every
        self.signal_number: int | None = None
        self.after_validation = False  # whether to save after the next validation
        self.handlers: dict[int, Any] = {}

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.step = trainer.global_step
        for number in (signal.SIGINT, signal.SIGTERM):
            self.handlers[number] = signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: Any) -> None:
        if self.signal_number is not None:
            raise KeyboardInterrupt
        self.signal_number = number

    def on_train_batch_end(self, trainer: pl.Trainer, *args: Any) -> None:
        stepped, self.step = trainer.global_step != self.step, trainer.global_step
        if not stepped:
            return  # gradients accumulate over batches; a checkpoint would not contain them
        due, loop = self._stop_requested(trainer) or self.step % self.every == 0, trainer.fit_loop.epoch_loop
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

    def _stop_requested(self, trainer: pl.Trainer) -> bool:
        """Whether any process received a signal."""
        return trainer.strategy.reduce_boolean_decision(self.signal_number is not None, all=False)

    def _save(self, trainer: pl.Trainer, last: bool = False) -> None:
        trainer.save_checkpoint(self.path, weights_only=False)
        if self._stop_requested(trainer) and not last:
            raise SystemExit(128 + (self.signal_number or signal.SIGTERM))

    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        for number, handler in self.handlers.items():
            signal.signal(number, handler)
        self.handlers = {}
