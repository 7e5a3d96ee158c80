"""feedback: scheduled sampling, controlled by the training loss."""

from typing import Any

import torch
from torch import Tensor

from unrolled.errors import InputError
from unrolled.functional.schedules import by_loss
from unrolled.strategies.feedback._choice import Coins


class LossScheduledSampling(Coins):
    """At each step, read the ground truth with a probability that falls with the training loss.

        p = end + (start - end) (m - low) / (high - low), between them        m <- smoothing m + (1 - smoothing) loss

    m is a running mean of the loss, saved in the checkpoint.  It begins with the first loss, and p with start.

    Source: Bengio, Vinyals, Jaitly & Shazeer 2015, "Scheduled sampling for sequence prediction with recurrent neural
    networks", for the probability; the dependence on the loss instead of the step is ours.

    Args:
        start: probability of the ground truth while the mean loss is `high` or more.
        end: that probability once the mean loss is `low` or less.
        high: upper mean loss, in the unit of the loss: nats per token, or squared units of the data.
        low: lower mean loss.
        smoothing: share of the mean that is kept at an optimizer step; 0 uses the last loss only.

    Raises:
        InputError: a probability outside [0, 1], low that is not below high, or a smoothing outside [0, 1).
    """

    seam = "feedback"
    mean_loss: Tensor

    def __init__(
        self,
        *,
        start: float = 1.0,
        end: float = 1.0,
        high: float = 4.0,
        low: float = 1.0,
        smoothing: float = 0.99,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not (0 <= start <= 1 and 0 <= end <= 1):
            raise InputError(f"LossScheduledSampling: expected start and end in [0, 1], got {start} and {end}")
        if not (-float("inf") < low < high < float("inf") and 0 <= smoothing < 1):
            wanted = "finite low < high and smoothing in [0, 1)"
            raise InputError(f"LossScheduledSampling: expected {wanted}, got {low}, {high} and {smoothing}")
        self.start, self.end, self.high, self.low, self.smoothing = start, end, high, low, smoothing
        self.register_buffer("mean_loss", torch.tensor(float("inf")))

    def ratio(self) -> float:
        return by_loss(float(self.mean_loss), self.low, self.high, self.start, self.end)

    def on_loss(self, window_loss: Tensor) -> None:
        super().on_loss(window_loss)
        self.last_loss = window_loss.detach()

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        super().on_before_optimizer_step(optimizer)
        if not self.accepted:  # a loss that may be no number
            return
        loss = self.trainer.strategy.reduce(self.last_loss, reduce_op="mean")  # the same on all processes
        before = torch.where(self.mean_loss.isinf(), loss, self.mean_loss)
        self.mean_loss.copy_(self.smoothing * before + (1 - self.smoothing) * loss)
