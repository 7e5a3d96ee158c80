"""What strategies of the clipping seam share."""

from typing import Any

from unrolled.errors import InputError


def refuse_a_second(strategy: Any, gradient_clip_val: float | None) -> None:
    """Raise an InputError where the Trainer was told to clip too."""
    if gradient_clip_val is not None:
        raise InputError(
            f"trainer.gradient_clip_val: expected none beside a clipping strategy ({type(strategy).__name__}), "
            f"got {gradient_clip_val}. Keep one of them"
        )
