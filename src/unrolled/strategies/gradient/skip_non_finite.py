"""gradient: skip optimizer steps with NaN or inf."""

from typing import Any

import torch
from torch import Tensor

from unrolled.errors import InputError, RunFailed
from unrolled.functional.gradients import optimized_parameters
from unrolled.tasks.base import SequenceTask
from unrolled.tasks.step import distributed as processes
from unrolled.tasks.step import nonfinite as blame


class SkipNonFinite(SequenceTask):
    """Skip an optimizer step whose loss or gradient holds a nan or an inf, on all processes; stop after too many.

    A skipped step leaves weights, the optimizer's state, averages and the means of the log unchanged; schedules count
    it.  A row whose state is not finite is reset.  Under 16-mixed, where the loss scaler would skip steps
    forever, this strategy stops the run.

    Source: ours; the rule of a loss scaler (Micikevicius et al. 2018, "Mixed precision training") in every precision.

    Args:
        at_most: optimizer steps that may be skipped in a row; one more stops the run.  0: the first one does, as
            without this strategy.

    Raises:
        InputError: an at_most below 0.
    """

    seam = "gradient"
    skipped: Tensor  # steps in all, and the last ones in a row

    def __init__(self, *, at_most: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if at_most < 0:
            raise InputError(f"SkipNonFinite: expected at_most of 0 steps or more, got {at_most}")
        self.at_most = at_most
        self.register_buffer("skipped", torch.zeros(2, dtype=torch.int64))
        self.earlier: dict[str, tuple[Tensor, int]] | None = None  # the recorded sums before this optimizer step

    def training_step(self, *args: Any) -> Tensor | None:
        if self.earlier is None:  # several training steps may make one optimizer step
            self.earlier = dict(self.training_metrics.records)
        return super().training_step(*args)

    def accept(self, optimizer: torch.optim.Optimizer) -> bool:
        earlier, self.earlier = self.earlier or {}, None
        if self.at_most == 0:
            return super().accept(optimizer)
        bad = ~torch.isfinite(self.gradient_norm + self.loss).reshape(1)
        (skip,) = processes.anywhere(self.trainer, bad)
        self.skipped[0] += skip
        self.skipped[1] = (self.skipped[1] + 1) * skip
        if skip:
            self.training_metrics.records = earlier  # one nan would make every mean of the log nan
        self.record("strategy/skipped_steps", self.skipped[0].float())
        if not skip:
            return super().accept(optimizer)
        if self.skipped[1] > self.at_most:
            raise RunFailed(f"SkipNonFinite: {self.at_most} steps in a row were skipped; {blame.failure(self)}")
        for parameter in optimized_parameters(optimizer):
            parameter.grad = None  # which every optimizer passes over
        finite = [torch.isfinite(part).reshape(len(part), -1).all(1) for part in self.cursor.saved]
        self.cursor.reset(~torch.stack(finite).all(0))
        return False

    def summarize(self, means: dict[str, Tensor]) -> dict[str, Tensor]:
        latest = {name: self.skipped[0].float() for name in means if name == "strategy/skipped_steps"}
        return super().summarize(means | latest)
