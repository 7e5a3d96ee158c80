"""What runs inside a trial's process: one run, which asks after each validation whether to go on.

The fork server imports this module once, and with it all that a run needs.
"""

from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import wandb  # noqa: F401  (imported by a run when it starts)

import unrolled.data
import unrolled.strategies  # noqa: F401  (what a recipe names)
from unrolled.runs.build import parse
from unrolled.runs.evaluate import evaluate
from unrolled.runs.fit import fit
from unrolled.tasks.base import SequenceTask
from unrolled.tuning.trial_process import GoOn, Metrics


class Pruning(pl.Callback):
    """Stops the run after a validation that `go_on` does not like; the run still ends in good order."""

    def __init__(self, go_on: GoOn) -> None:
        self.go_on = go_on

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, SequenceTask)
        if trainer.sanity_checking:
            return
        going = True
        if trainer.is_global_zero:  # one process per trial talks to the study
            metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
            going = self.go_on(pl_module.optimizer_steps, metrics)
        if not trainer.strategy.broadcast(going):
            trainer.should_stop = True


def train(recipe: dict[str, Any], folder: Path, study: str, go_on: GoOn) -> Metrics:
    """Fit a recipe in its own folder, in the W&B group of its study.

    Where the data is cut into folds, the best checkpoint is measured on the one that was held out: test/..., or val/...
    where the data set has a test of its own.
    """
    checked = parse(recipe, source=f"{study}, trial {folder.name}")
    metrics = fit(checked, folder, callbacks=[Pruning(go_on)], group=study, progress=False)
    if checked["data"]["init_args"].get("folds"):
        metrics |= evaluate(folder, "fold", progress=False)["metrics"]
    return metrics
