"""truncation: random truncation with an unbiased gradient."""

import math
from typing import Any

import torch
from torch import Tensor

from unrolled.errors import InputError
from unrolled.functional.batch import num_targets
from unrolled.functional.state import State
from unrolled.functional.truncation import random_truncations, scale_gradient
from unrolled.functional.windows import Window, between
from unrolled.tasks.base import SequenceTask
from unrolled.tasks.step import distributed as processes


class ARTBP(SequenceTask):
    """Anticipated reweighted truncated BPTT: a coin at each time step cuts the gradient or scales it up.

    With c the probability of a cut, a gradient that crosses a coin is multiplied by 1 / (1 - c); its mean over the
    coins equals the gradient without cuts.  Every window between two cuts is an optimizer step, whose loss is
    divided by a constant instead of the number of its targets: the windows of a batch of T time steps sum up, on
    average, to T / L0 times the gradient of the batch's mean loss, L0 being `expected_length` (or T, if that is
    shorter).  The end of the batch always cuts, without compensation.

    Source: Tallec & Ollivier 2017, "Unbiasing truncated backpropagation through time".

    Args:
        expected_length: mean time steps L0 between two cuts; inf never cuts.
        tail_exponent: alpha; the probability of a length l falls like l^-alpha; above 3 its variance is finite.
        coin_every: time steps between two coins; larger values run faster, in longer fused calls.

    Raises:
        InputError: a coin_every below 1, an expected_length below it, or a tail_exponent that is not above 2.
    """

    seam = "truncation"
    steps_within_batch = True

    def __init__(
        self, *, expected_length: float = 16.0, tail_exponent: float = 4.0, coin_every: int = 1, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if not 1 <= coin_every <= expected_length:
            given = f"coin_every = {coin_every}, expected_length = {expected_length}"
            raise InputError(f"ARTBP: expected 1 <= coin_every <= expected_length time steps, got {given}")
        if not 2 < tail_exponent < math.inf:
            raise InputError(f"ARTBP: expected a tail_exponent above 2, got {tail_exponent}")
        self.expected_length, self.tail_exponent, self.coin_every = expected_length, tail_exponent, coin_every

    def windows(self, targeted: list[bool]) -> list[Window]:
        self.all_targets = processes.mean(self.trainer, num_targets(self.batch.targets))
        length = len(targeted)
        coins = self.coins(len(range(self.coin_every, length, self.coin_every)))
        self.factors = random_truncations(length, coins, self.expected_length, self.tail_exponent, self.coin_every)
        self.passed = {start: {*factors} for start, factors in self.factors.items()}
        return between([*self.factors, length])

    def coins(self, count: int) -> list[float]:
        """`count` random numbers from [0, 1), the same on every process."""
        return torch.rand(count, dtype=torch.float64, generator=self.draws("ARTBP")).tolist()

    def split_points(self) -> set[int]:
        return self.passed[self.window.start]

    def cross_split(self, state: State, t: int) -> State:
        return scale_gradient(state, self.factors[self.window.start][t])

    def share(self, count: Tensor) -> Tensor:
        return self.all_targets.to(count.dtype) * min(1.0, self.expected_length / self.batch.inputs.shape[1])

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        super().on_before_optimizer_step(optimizer)
        length, factors = self.window.stop - self.window.start, self.factors[self.window.start].values()
        self.record("strategy/window_length", length)
        self.record("strategy/largest_compensation", math.prod(factors))
