"""The base of weight averaging: two sets of weights, swapped for evaluation."""

from typing import Any

import torch
from torch import Tensor

from unrolled.functional.averaging import swap_weights, update_averages
from unrolled.tasks.base import SequenceTask


class Averaging(SequenceTask):
    """Training uses the trained weights; their averages are evaluated, saved, and kept after training.

    A checkpoint's `state_dict` holds the averages, so that a reader evaluates them; `averaging` holds the trained
    weights for a resumed run.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.averages: dict[str, Tensor] = {}  # of each parameter; the trained weight while the average is in use
        self.averaged_steps, self.shown = 0, False

    def enter_average(self, share: float) -> None:
        """Move the averages by `share`, 0 to 1, towards the weights; the first time they become them."""
        learnt = {name: p for name, p in self.named_parameters() if p.requires_grad}
        self.averages = update_averages(self.averages, learnt, share)
        self.averaged_steps += 1

    def show(self, averages: bool) -> None:
        """Use the averages, if there are any, or the trained weights."""
        if self.averages and averages != self.shown:
            swap_weights(dict(self.named_parameters()), self.averages)
            self.shown = averages

    def on_train_start(self) -> None:
        super().on_train_start()
        self.show(False)

    def on_validation_start(self) -> None:
        self.show(True)

    def on_validation_end(self) -> None:
        self.show(self.trainer.state.fn != "fit")

    def on_test_start(self) -> None:
        self.show(True)

    def on_predict_start(self) -> None:
        self.show(True)

    def on_train_end(self) -> None:
        self.show(True)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        super().on_save_checkpoint(checkpoint)
        if not self.averages:
            return
        now = dict(self.named_parameters(remove_duplicate=False))  # tied weights have two names
        first = {parameter: name for name, parameter in self.named_parameters()}
        other = {name: self.averages.get(first[p], p.detach()) for name, p in now.items()}
        held = {name: checkpoint["state_dict"][name] for name in now}
        raw, averages = (other, held) if self.shown else (held, other)
        checkpoint["state_dict"].update(averages)
        checkpoint["averaging"] = {"raw": raw, "names": [*self.averages], "steps": self.averaged_steps}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        super().on_load_checkpoint(checkpoint)
        self.averages, self.shown = {}, False
        if "averaging" in checkpoint and self._trainer is not None and self.trainer.training:
            saved = checkpoint["averaging"]
            self.averages = {name: checkpoint["state_dict"][name].clone() for name in saved["names"]}
            self.averaged_steps = saved["steps"]
            checkpoint["state_dict"].update(saved["raw"])

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        super().on_before_optimizer_step(optimizer)
        if self.averages:
            self.record("strategy/averaged_steps", torch.tensor(float(self.averaged_steps), device=self.device))
