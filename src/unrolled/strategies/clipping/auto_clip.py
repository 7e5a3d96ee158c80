"""clipping: bound the norm of the gradient by a percentile of earlier norms."""

from array import array
from typing import Any

import torch
from torch import nn

from unrolled.errors import InputError
from unrolled.functional.clipping import history_percentile
from unrolled.functional.gradients import optimized_parameters
from unrolled.strategies.clipping._shared import record_clipping, refuse_a_second
from unrolled.tasks.base import SequenceTask


class AutoClip(SequenceTask):
    """Shrink the full gradient until its L2 norm is at most a percentile of all norms of the run, including this one.

        g <- g * min(1, eta / (||g|| + 1e-6)),   eta = percentile(||g_1||, ..., ||g_t||)

    The norms are those before clipping, and are saved in the checkpoint.

    Source: Seetharaman, Wichern, Pardo & Le Roux 2020, "AutoClip: adaptive gradient clipping for source separation
    networks", algorithm 1, with p = 10.

    Args:
        percentile: p, 0 to 100: 0 clips to the smallest norm so far, 100 to the largest, which changes nothing.

    Raises:
        InputError: a percentile outside [0, 100], or a Trainer that clips as well.
    """

    seam = "clipping"

    def __init__(self, *, percentile: float = 10.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not 0 <= percentile <= 100:
            raise InputError(f"AutoClip: expected a percentile in [0, 100], got {percentile}")
        self.percentile = percentile
        self.norms = array("d")  # sorted

    def clip(self, optimizer: torch.optim.Optimizer, value: float | None, algorithm: str | None) -> None:
        refuse_a_second(self, value)
        if self.percentile == 100 or not torch.isfinite(self.gradient_norm):  # 16-mixed skips a step that is inf
            return
        limit = history_percentile(self.norms, float(self.gradient_norm), self.percentile)
        nn.utils.clip_grads_with_norm_(optimized_parameters(optimizer), limit, self.gradient_norm)
        record_clipping(self, optimizer, self.gradient_norm > limit)
        self.record("strategy/clip_limit", torch.tensor(limit, device=self.device))

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        super().on_save_checkpoint(checkpoint)
        checkpoint["AutoClip"] = torch.tensor(self.norms, dtype=torch.float64)

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        super().on_load_checkpoint(checkpoint)
        self.norms = array("d", checkpoint["AutoClip"].tolist() if "AutoClip" in checkpoint else [])
