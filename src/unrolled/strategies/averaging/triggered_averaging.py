"""averaging: evaluate the mean of all weights since validation stopped improving."""

from typing import Any

from unrolled.errors import InputError
from unrolled.strategies.averaging._shared import Averaging


class TriggeredAveraging(Averaging):
    """Non-monotonically triggered averaging, the NT of NT-ASGD: evaluate and save the mean of the weights.

    The mean starts with the weights w_T of the first validation whose loss is above the best loss of all validations
    more than `non_monotone` before it.  It then includes the weights after every optimizer step:

        a_k = (w_T + ... + w_k) / (k - T + 1)

    Source: Merity, Keskar & Socher 2018, "Regularizing and optimizing LSTM language models", algorithm 1, with n = 5;
    there the optimizer is SGD without momentum.

    Args:
        non_monotone: n, a number of validations; null: never start.

    Raises:
        InputError: a non_monotone below 0.
    """

    seam = "averaging"

    def __init__(self, *, non_monotone: int | None = 5, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if non_monotone is not None and not non_monotone >= 0:
            raise InputError(f"TriggeredAveraging: expected non_monotone of 0 validations or more, got {non_monotone}")
        self.non_monotone = non_monotone
        self.validation_losses: list[float] = []  # until it starts

    def average(self) -> None:
        super().average()
        if self.averages:
            self.enter_average(1 / (self.averaged_steps + 1))

    def on_validation_end(self) -> None:
        super().on_validation_end()
        fitting = self.trainer.state.fn == "fit" and not self.trainer.sanity_checking
        if self.non_monotone is None or self.averages or not fitting:
            return
        loss = float(self.trainer.callback_metrics["val/loss"])
        earlier = self.validation_losses[: max(0, len(self.validation_losses) - self.non_monotone)]
        if earlier and loss > min(earlier):
            self.enter_average(1.0)
        self.validation_losses.append(loss)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        super().on_save_checkpoint(checkpoint)
        checkpoint["validation_losses"] = [*self.validation_losses]

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        super().on_load_checkpoint(checkpoint)
        self.validation_losses = [*checkpoint.get("validation_losses", [])]
