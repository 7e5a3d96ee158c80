"""feedback: scheduled sampling, by the optimizer step."""

from typing import Any

from unrolled.functional.schedules import Decay, probability_schedule
from unrolled.strategies.feedback._choice import Coins


class ScheduledSampling(Coins):
    """At each step, read the ground truth with a probability that decays from `start` to `end`, else the model output.

    Source: Bengio, Vinyals, Jaitly & Shazeer 2015, "Scheduled sampling for sequence prediction with recurrent neural
    networks", section 2.4.  The probability depends on the optimizer step only, so a checkpoint does not store it.

    Args:
        start: probability of the ground truth at the first optimizer step; inverse_sigmoid begins slightly below it, at
            end + (start - end) k / (k + 1).
        end: probability at the end of the decay.
        decay: linear, exponential (1 % of the difference is left after `over` steps), inverse_sigmoid (half of it is
            left after `over` / 2 steps) or constant, which stays at start.
        over: optimizer steps of the decay.

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
