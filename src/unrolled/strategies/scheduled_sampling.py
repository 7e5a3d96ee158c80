"""feedback: from the truth towards the model's own output as training goes on."""

from typing import Any, Literal

import torch

from unrolled.errors import InputError
from unrolled.functional.schedules import DECAYS
from unrolled.strategies._feedback import Feedback


class ScheduledSampling(Feedback):
    """At each step read the truth with a probability that decays from `start` to `end`, else the model's own token.

    Source: Bengio, Vinyals, Jaitly & Shazeer 2015, "Scheduled sampling for sequence prediction with recurrent neural
    networks", section 2.4.  A pure function of the optimiser step: nothing to save, nothing that resuming could lose.

    Args:
        start: probability of the truth that training starts from; inverse_sigmoid starts at its k / (k + 1) of the way.
        end: probability that it tends to.
        decay: the way between them: linear, exponential or inverse_sigmoid.
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
        decay: Literal["linear", "exponential", "inverse_sigmoid"] = "inverse_sigmoid",
        over: int = 1000,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not (0 <= start <= 1 and 0 <= end <= 1):
            raise InputError(f"ScheduledSampling: expected start and end in [0, 1], got {start} and {end}")
        if decay not in DECAYS or over < 1:
            expected = f"a decay of {', '.join(DECAYS)} over 1 step or more"
            raise InputError(f"ScheduledSampling: expected {expected}, got {decay} over {over}")
        self.start, self.end, self.decay, self.over = start, end, decay, over

    def ratio(self) -> float:
        return DECAYS[self.decay](self.optimizer_steps, self.start, self.end, self.over)

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        super().on_before_optimizer_step(optimizer)
        self.record("strategy/teacher_forcing_ratio", self.ratio())
