"""feedback: scheduled sampling in a few fused passes."""

from typing import Any

import torch
from torch import Tensor

from unrolled.errors import InputError
from unrolled.functional.feedback import drop_outputs, no_output_like
from unrolled.functional.schedules import Decay, probability_schedule
from unrolled.functional.state import State
from unrolled.strategies.feedback._choice import Coins


class ParallelScheduledSampling(Coins):
    """Scheduled sampling with the outputs of the previous pass: a few fused passes instead of single steps.

        x_t := truth_t with probability p, else the output after step t - 1 of the previous pass

    The first pass reads the ground truth; only the last has a gradient (with `gradient`, all do).  With as many passes
    as a fused call has steps, the result equals step-by-step feedback, unless outputs are sampled.

    Source: Duckworth, Neelakantan, Goodrich, Kaiser & Bengio 2019, "Parallel scheduled sampling"; for two passes
    Mihaylova & Martins 2019, "Scheduled sampling for transformers".

    Args:
        start: probability of the ground truth at the first optimizer step; inverse_sigmoid begins slightly below it, at
            end + (start - end) k / (k + 1).
        end: probability at the end of the decay.
        decay: linear, exponential (1 % of the difference is left after `over` steps), inverse_sigmoid (half of it is
            left after `over` / 2 steps) or constant, which stays at start.
        over: optimizer steps of the decay.
        passes: number of passes; 1 reads the ground truth only.

    Raises:
        InputError: a probability outside [0, 1], an unknown decay, fewer than one step or pass.
    """

    seam = "feedback"

    def __init__(
        self,
        *,
        start: float = 1.0,
        end: float = 1.0,
        decay: Decay = "inverse_sigmoid",
        over: int = 1000,
        passes: int = 2,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.schedule = probability_schedule("ParallelScheduledSampling", decay, start, end, over)
        if passes < 1:
            raise InputError(f"ParallelScheduledSampling: expected 1 pass or more, got {passes}")
        self.passes = passes

    def ratio(self) -> float:
        return self.schedule.at(self.optimizer_steps) if self.passes > 1 else 1.0

    def read(self, inputs: Tensor, truth: Tensor, state: State) -> tuple[Tensor, State]:
        before, last = state[:-1], state[-1]
        offered = drop_outputs(torch.stack([last, *[no_output_like(last)] * (inputs.shape[1] - 1)], 1), truth)
        with torch.set_grad_enabled(self.gradient and torch.is_grad_enabled()):
            for _ in range(self.passes - 1):
                hidden, _ = self.predict(self.replace_steps(inputs, offered), before)
                offered = drop_outputs(torch.cat([last[:, None], self.answer(hidden[:, :-1])], 1), truth)
        return self.predict(self.replace_steps(inputs, offered), before)
