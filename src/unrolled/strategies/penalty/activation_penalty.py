"""penalty: activation (AR) and temporal activation (TAR) regularization."""

from typing import Any

import torch
from torch import Tensor

from unrolled.errors import InputError
from unrolled.functional.batch import has_target
from unrolled.functional.penalties import activation_penalty, temporal_activation_penalty, up_to_last
from unrolled.tasks.base import Penalties, SequenceTask
from unrolled.tasks.step import distributed as processes


class ActivationPenalty(SequenceTask):
    """Penalize the size of the last layer's outputs (AR), and their change from step to step (TAR).

        alpha * mean(h_t^2) + beta * mean((h_t - h_{t-1})^2)

    Means over units, rows and time steps.  Steps after a row's last target are padding and do not count, nor does the
    difference across the start of a sequence or of a window.

    Source: Merity, McCann & Socher 2017, "Revisiting activation regularization for language RNNs"; alpha = 2 and
    beta = 1 in Merity, Keskar & Socher 2018.

    Notes:
        h is the input of the output layer, after dropout; in the paper TAR uses it before dropout.  The task's
        `dropout` draws a new mask at each step, which adds to TAR: with TAR, use the architecture's
        `variational_output` (one mask over time) instead.

    Args:
        alpha: factor of AR; 0 adds nothing.
        beta: factor of TAR; 0 adds nothing.

    Raises:
        InputError: a factor that is below 0 or not finite.
    """

    seam = "penalty"

    def __init__(self, *, alpha: float = 0.0, beta: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not (0 <= alpha < float("inf") and 0 <= beta < float("inf")):
            raise InputError(
                f"ActivationPenalty: expected a finite alpha and beta of at least 0, got {alpha} and {beta}"
            )
        self.alpha, self.beta = alpha, beta

    def penalties(self, hidden: Tensor) -> Penalties:
        mine = {"ActivationPenalty": lambda: self._activation(hidden)} if self.alpha or self.beta else {}
        return super().penalties(hidden) | mine

    def _activation(self, hidden: Tensor) -> Tensor:
        hidden = hidden.to(torch.promote_types(hidden.dtype, torch.float32))
        new, stop = self.window.new, self.window.stop
        steps = up_to_last(has_target(self.batch.targets))[:, new:stop]
        pairs = steps[:, 1:] & ~self.batch.resets[:, new + 1 : stop]
        counts = processes.mean(self.trainer, torch.stack([steps.sum(), pairs.sum()])).to(hidden.dtype)
        sums = [activation_penalty(hidden, steps), temporal_activation_penalty(hidden, pairs)]
        added = self.alpha * sums[0] / counts[0] + self.beta * sums[1] / counts[1]
        self.record("strategy/activation_penalty", added)
        return added
