"""Helpers of gradient clipping."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor
from torch.optim import Optimizer

from unrolled.errors import InputError
from unrolled.functional.gradients import optimized_parameters, total_norm

if TYPE_CHECKING:
    from unrolled.tasks.base import SequenceTask


def refuse_a_second(strategy: SequenceTask, gradient_clip_val: float | None) -> None:
    """Raise an InputError if the Trainer clips too."""
    if gradient_clip_val is not None:
        owner = strategy.strategy_of("clipping") or type(strategy)
        raise InputError(
            f"trainer.gradient_clip_val: expected none with a clipping strategy ({owner.__name__}), "
            f"got {gradient_clip_val}. Keep one of them"
        )


def record_clipping(strategy: SequenceTask, optimizer: Optimizer, clipped: Tensor) -> None:
    """Log whether anything was `clipped` in this step, and the norm of the gradient after clipping."""
    strategy.record("strategy/clipped_share", clipped.float())
    strategy.record("strategy/grad_norm_after", total_norm(optimized_parameters(optimizer)))
