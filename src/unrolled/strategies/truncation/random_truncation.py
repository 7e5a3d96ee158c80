"""truncation: windows of random length."""

from typing import Any

import torch

from unrolled.errors import InputError
from unrolled.functional.truncation import random_cuts
from unrolled.functional.windows import Window, between
from unrolled.tasks.base import SequenceTask


class RandomTruncation(SequenceTask):
    """Truncated BPTT with an optimizer step at the end of each window; window lengths are drawn at random.

    The cuts therefore differ between passes over the data.  A step's learning rate is multiplied by its window's
    length / `base_length`, so that each time step has equal weight.  This includes the shorter window that
    remains at the beginning of a batch.

    Source: Merity, Keskar & Socher 2018, "Regularizing and optimizing LSTM language models", section 5.

    Args:
        base_length: time steps of most windows, on average.
        half_probability: probability that a window is drawn around half of base_length.
        length_std: standard deviation of a length around its mean, in time steps.
        min_length: minimum of a drawn length, in time steps.

    Raises:
        InputError: a length below 1, a base_length below min_length, a probability outside [0, 1], or a length_std that
            is negative or not finite.
    """

    seam = "truncation"
    steps_within_batch = True

    def __init__(
        self,
        *,
        base_length: int = 70,
        half_probability: float = 0.05,
        length_std: float = 5.0,
        min_length: int = 5,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not 1 <= min_length <= base_length:
            given = f"min_length = {min_length}, base_length = {base_length}"
            raise InputError(f"RandomTruncation: expected 1 <= min_length <= base_length time steps, got {given}")
        if not (0 <= half_probability <= 1 and 0 <= length_std < float("inf")):
            given = f"{half_probability} and {length_std}"
            raise InputError(f"RandomTruncation: expected half_probability in [0, 1] and length_std >= 0, got {given}")
        self.base_length, self.half_probability = base_length, half_probability
        self.length_std, self.min_length = length_std, min_length

    def windows(self, targeted: list[bool]) -> list[Window]:
        shape = (self.base_length, self.half_probability, self.length_std, self.min_length)
        return between(random_cuts(len(targeted), *shape, self.draws("RandomTruncation")))

    def pace(self) -> float:
        return (self.window.stop - self.window.new) / self.base_length

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        super().on_before_optimizer_step(optimizer)
        self.record("strategy/window_length", self.window.stop - self.window.new)
