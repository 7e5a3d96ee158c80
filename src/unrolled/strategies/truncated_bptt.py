"""truncation: cut the gradient through time, and step at every cut."""

from typing import Any

from unrolled.errors import InputError
from unrolled.functional.batch import SequenceBatch
from unrolled.functional.windows import Window, windows
from unrolled.tasks.base import SequenceTask


class TruncatedBPTT(SequenceTask):
    """One optimiser step every `k1` time steps, whose gradient flows back through the last `k2`.

    Source: Williams & Peng 1990, BPTT(h = k2; h' = k1).

    Args:
        k1: time steps between two optimiser steps.
        k2: time steps that the gradient flows through; k1 if not given.  k1 = k2 >= the batch's length is full BPTT.

    Raises:
        InputError: k1 below 1, k1 > k2, or a Trainer that accumulates gradients over batches.
    """

    seam = "truncation"

    def __init__(self, *, k1: int = 35, k2: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.k1, self.k2 = k1, k1 if k2 is None else k2
        if not 1 <= self.k1 <= self.k2:
            raise InputError(f"TruncatedBPTT: expected 1 <= k1 <= k2 time steps, got k1 = {self.k1}, k2 = {self.k2}")

    def on_train_batch_start(self, batch: SequenceBatch, batch_idx: int) -> None:
        super().on_train_batch_start(batch, batch_idx)
        if (n := self.trainer.accumulate_grad_batches) != 1:
            raise InputError(
                f"trainer.accumulate_grad_batches: TruncatedBPTT steps within each batch, so expected 1, got {n}; "
                "raise k1 and k2 for fewer steps"
            )

    def windows(self, length: int) -> list[Window]:
        return windows(length, self.k1, self.k2)
