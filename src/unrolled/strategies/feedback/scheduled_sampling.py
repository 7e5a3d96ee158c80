"""feedback: scheduled sampling, by the optimiser step."""

from typing import Any

from unrolled.functional.schedules import Decay, probability_schedule
from unrolled.strategies.feedback._choice import Coins


class ScheduledSampling(Coins):
    """At each step read the truth with a probability that decays from `start` to `end`, else the model's output.

    Source: Bengio, Vinyals, Jaitly & Shazeer 2015, "Scheduled sampling for sequence prediction with recurrent neural
    networks", section 2.4.  A pure function of the optimiser step: nothing to save, nothing that resuming could lose.

    Args:
        start: probability of the truth that training starts from; inverse_sigmoid starts at its k / (k + 1) of the way.
        end: probability that it tends to.
        decay: the way between them: linear, exponential or inverse_sigmoid; constant stays at start.
        over: optimiser steps that the way takes.

    Raises:
        InputError: a probability outside [0, 1], an unknown decay, or fewer than one step.
    """

    seam = "feedback"

    def __init__(
        self,
        *,
        start: float = 1.0,
        end: float = 1.0,
        decay: Decay = "inverse_sigmoid",
        over: int = 1000,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.schedule = probability_schedule("ScheduledSampling", decay, start, end, over)

    def ratio(self) -> float:
        return self.schedule.at(self.optimizer_steps)
