"""clipping: bound the norm of the gradient."""

from typing import Any

import torch
from torch import nn

from unrolled.errors import InputError
from unrolled.functional.gradients import optimized_parameters
from unrolled.strategies.clipping._shared import record_clipping, refuse_a_second
from unrolled.tasks.base import SequenceTask


class ClipNorm(SequenceTask):
    """Shrink the full gradient until its L2 norm is at most `max_norm`; its direction is unchanged.

        g <- g * min(1, max_norm / (||g|| + 1e-6))

    Source: Pascanu, Mikolov & Bengio 2013, "On the difficulty of training recurrent neural networks", algorithm 1.

    Args:
        max_norm: the largest L2 norm over all parameters together; inf changes nothing.

    Raises:
        InputError: a max_norm that is not above 0, or a Trainer that clips as well.
    """

    seam = "clipping"

    def __init__(self, *, max_norm: float = float("inf"), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not max_norm > 0:
            raise InputError(f"ClipNorm: expected max_norm above 0, got {max_norm}")
        self.max_norm = max_norm

    def clip(self, optimizer: torch.optim.Optimizer, value: float | None, algorithm: str | None) -> None:
        refuse_a_second(self, value)
        if self.max_norm < float("inf"):
            nn.utils.clip_grads_with_norm_(optimized_parameters(optimizer), self.max_norm, self.gradient_norm)
            record_clipping(self, optimizer, self.gradient_norm > self.max_norm)
