"""clipping: bound each component of the gradient."""

from typing import Any

import torch
from torch import nn

from unrolled.errors import InputError
from unrolled.functional.gradients import max_abs_gradient, optimized_parameters
from unrolled.strategies.clipping._shared import record_clipping, refuse_a_second
from unrolled.tasks.base import SequenceTask


class ClipValue(SequenceTask):
    """Clip every component of the gradient to [-max_value, max_value]; its direction may change.

    Source: Graves 2013, "Generating sequences with recurrent neural networks", section 2.1 (there on the
    derivatives at the gates' inputs).

    Args:
        max_value: the largest absolute value of a component; inf changes nothing.

    Raises:
        InputError: a max_value that is not above 0, or a Trainer that clips as well.
    """

    seam = "clipping"

    def __init__(self, *, max_value: float = float("inf"), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not max_value > 0:
            raise InputError(f"ClipValue: expected max_value above 0, got {max_value}")
        self.max_value = max_value

    def clip(self, optimizer: torch.optim.Optimizer, value: float | None, algorithm: str | None) -> None:
        refuse_a_second(self, value)
        if self.max_value < float("inf"):
            clipped = max_abs_gradient(optimized_parameters(optimizer)) > self.max_value
            nn.utils.clip_grad_value_(optimized_parameters(optimizer), self.max_value)
            record_clipping(self, optimizer, clipped)
