"""truncation: the shortest windows that keep the bias of the gradient below a bound."""

import math
from typing import Any

import torch
from torch import Tensor

from unrolled.errors import InputError
from unrolled.functional.truncation import choose_window
from unrolled.functional.windows import Window, between
from unrolled.strategies.truncation._gradient_lags import mean_lags
from unrolled.tasks.base import SequenceTask


class AdaptiveTruncation(SequenceTask):
    """Truncated BPTT whose window is updated regularly: the shortest that loses little of the gradient.

    The decay of a back-propagated gradient is measured step by step, over up to `lags` steps, and assumed to be
    geometric beyond them.  Windows are counted back from a batch's end, so a shorter one comes first.  The window is
    saved in the checkpoint.

    Source: Aicher, Foti & Fox 2019, "Adaptively truncating backpropagation through time to control gradient bias".

    Args:
        tolerated_bias: the largest truncated part, as a fraction of the gradient through time.
        shortest: minimum window, in time steps.
        longest: maximum window, in time steps, with which training starts.  shortest = longest >= the batch's
            length is full BPTT.
        lags: number of lags that are measured, in time steps.
        estimate_every: batches between two measurements, and before the first.

    Raises:
        InputError: a tolerated_bias that is not above 0, shortest below 1 or above longest, or another value below 1.
    """

    seam = "truncation"
    steps_within_batch = True
    chosen_window: Tensor

    def __init__(
        self,
        *,
        tolerated_bias: float = 0.2,
        shortest: int = 10,
        longest: int = 200,
        lags: int = 200,
        estimate_every: int = 100,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not 1 <= shortest <= longest:
            given = f"shortest = {shortest}, longest = {longest}"
            raise InputError(f"AdaptiveTruncation: expected 1 <= shortest <= longest time steps, got {given}")
        if not (tolerated_bias > 0 and lags >= 1 and estimate_every >= 1):
            given = f"tolerated_bias = {tolerated_bias}, lags = {lags}, estimate_every = {estimate_every}"
            raise InputError(f"AdaptiveTruncation: expected more than 0, got {given}")
        self.tolerated_bias, self.shortest, self.longest = tolerated_bias, shortest, longest
        self.lags, self.estimate_every = lags, estimate_every
        self.register_buffer("chosen_window", torch.tensor(longest))

    def windows(self, targeted: list[bool]) -> list[Window]:
        batches = self.trainer.global_step  # Lightning counts a batch, whatever its windows, as one step
        if self.shortest < self.longest and batches and batches % self.estimate_every == 0 and any(targeted):
            lags = mean_lags(self, targeted, self.lags, self.draws("AdaptiveTruncation"))
            choice = choose_window(lags, self.tolerated_bias, self.shortest, self.longest)
            self.chosen_window.fill_(choice.window)
            for name in ("decay_rate", "relative_bias"):
                if math.isfinite(value := getattr(choice, name)):
                    self.record(f"strategy/{name}", value)
        length, window = len(targeted), int(self.chosen_window)
        return between([*range(length, 0, -window), 0][::-1])

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        super().on_before_optimizer_step(optimizer)
        self.record("strategy/window", self.chosen_window)
