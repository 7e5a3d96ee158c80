"""Schedules over the optimizer step, or over the loss: pure functions without state.

The `DECAYS` go from `start` to `end` in `over` steps; `constant_decay` stays at `start`.
"""

import math
from collections.abc import Callable
from typing import Literal, NamedTuple

from unrolled.errors import InputError

Decay = Literal["constant", "linear", "exponential", "inverse_sigmoid"]


def constant_decay(step: int, start: float, end: float, over: int) -> float:
    """`start` at every step."""
    return start


def linear_decay(step: int, start: float, end: float, over: int) -> float:
    """A straight line, then `end`."""
    return end + (start - end) * max(0.0, 1.0 - step / over)


def exponential_decay(step: int, start: float, end: float, over: int) -> float:
    """`end` + (`start` - `end`) k^step with k = 0.01^(1/over): 1 % of the difference is left after `over` steps."""
    return end + (start - end) * 0.01 ** (step / over)


def inverse_sigmoid_decay(step: int, start: float, end: float, over: int) -> float:
    """k / (k + exp(step / k)) of Bengio et al. 2015, with k such that the value at `over` / 2 is halfway.

    k solves k ln k = over / 2 (Newton from the logarithm), so that k / (k + exp(over / 2 / k)) = 1/2.
    """
    half = over / 2
    k = max(math.e, half / math.log(max(half, math.e)))
    for _ in range(20):
        k = max(1.0 + 1e-9, k - (k * math.log(k) - half) / (math.log(k) + 1))
    return end + (start - end) * k / (k + math.exp(min(step / k, 700.0)))


def by_loss(loss: float, low: float, high: float, start: float, end: float) -> float:
    """`start` while the `loss` is at least `high`, `end` at or below `low` < `high`, a straight line between them.

    `end` + (`start` - `end`) (loss - low) / (high - low).  The loss, `low` and `high` are in the same unit.
    """
    return end + (start - end) * min(max((loss - low) / (high - low), 0.0), 1.0)


def annealed_noise(step: int, eta: float, gamma: float) -> float:
    """The standard deviation sqrt(`eta` / (1 + step)^`gamma`) of Neelakantan et al. 2015; the first step is 0."""
    return math.sqrt(eta / (1 + step) ** gamma)


DECAYS: dict[str, Callable[[int, float, float, int], float]] = {
    "constant": constant_decay,
    "linear": linear_decay,
    "exponential": exponential_decay,
    "inverse_sigmoid": inverse_sigmoid_decay,
}


class Schedule(NamedTuple):
    """A quantity as a function of the optimizer step."""

    decay: Decay
    start: float
    end: float
    over: int  # optimizer steps

    def at(self, step: int) -> float:
        return DECAYS[self.decay](step, self.start, self.end, self.over)


def probability_schedule(owner: str, decay: Decay, start: float, end: float, over: int) -> Schedule:
    """A schedule of a probability.

    Raises:
        InputError: a probability outside [0, 1], an unknown decay, or fewer than one step; it names the `owner`.
    """
    if not (0 <= start <= 1 and 0 <= end <= 1):
        raise InputError(f"{owner}: expected start and end in [0, 1], got {start} and {end}")
    if decay not in DECAYS or over < 1:
        expected = f"a decay of {', '.join(DECAYS)} over 1 step or more"
        raise InputError(f"{owner}: expected {expected}, got {decay} over {over}")
    return Schedule(decay, start, end, over)
