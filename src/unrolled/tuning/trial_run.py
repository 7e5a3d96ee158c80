"""The run inside a trial's process, which asks after each validation whether to continue.

The fork server imports this module once, with everything that a run needs.
"""

from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import wandb  # noqa: F401  (imported when a run starts)

import unrolled.data
import unrolled.strategies  # noqa: F401  (named by recipes)
from unrolled.runs.build import parse
from unrolled.runs.evaluate import evaluate
from unrolled.runs.fit import fit
from unrolled.tasks.base import SequenceTask
from unrolled.tuning.trial_process import Metrics, ShouldContinue


class Pruning(pl.Callback):
    """Stop the run regularly if `should_continue` returns False after a validation."""

    def __init__(self, should_continue: ShouldContinue) -> None:
        self.should_continue = should_continue

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        assert isinstance(pl_module, SequenceTask)
        if trainer.sanity_checking:
            return
        continues = True
        if trainer.is_global_zero:  # only one process per trial reports to the study
            metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
            continues = self.should_continue(pl_module.optimizer_steps, metrics)
        if not trainer.strategy.broadcast(continues):
            trainer.should_stop = True


def train(recipe: dict[str, Any], folder: Path, study: str, should_continue: ShouldContinue) -> Metrics:
    """Train a recipe in `folder`, in the W&B group of its study.

    With folds, evaluate the best checkpoint on the held-out fold: metrics test/..., or val/... if the data set has a
    fixed test split.
    """
    checked = parse(recipe, source=f"{study}, trial {folder.name}")
    metrics = fit(checked, folder, callbacks=[Pruning(should_continue)], group=study, progress=False)
    if checked["data"]["init_args"].get("folds"):
        metrics |= evaluate(folder, "fold", progress=False)["metrics"]
    return metrics
