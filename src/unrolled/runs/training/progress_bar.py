"""Progress bar of a training run."""

import time
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import RichProgressBar

PAUSE = 0.5  # seconds between refreshes: each costs as much as a step of a small network


class ProgressBar(RichProgressBar):
    """Lightning's progress bar without `v_num`, refreshed every `PAUSE` seconds instead of every batch."""

    drawn = 0.0

    def refresh(self, hard: bool = False) -> None:
        now = time.monotonic()
        if hard or now - self.drawn >= PAUSE:
            self.drawn = now
            super().refresh(hard)

    def get_metrics(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> dict[str, Any]:
        metrics = super().get_metrics(trainer, pl_module)
        metrics.pop("v_num", None)
        return metrics
