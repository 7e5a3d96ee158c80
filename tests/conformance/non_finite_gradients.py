"""What spoils a training step."""

from typing import Any

import pytorch_lightning as pl

from conformance.references.clipping import NOT_TAKEN


class Spoil(pl.Callback):
    """One component of the gradient is `value` in some optimizer steps, counted from 0."""

    def __init__(self, steps: Any = NOT_TAKEN, value: float = float("nan")) -> None:
        self.steps, self.value = steps, value

    def on_after_backward(self, trainer: pl.Trainer, task: Any) -> None:
        if task.optimizer_steps in self.steps:
            next(task.parameters()).grad.view(-1)[1] = self.value
