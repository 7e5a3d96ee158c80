"""truncation: no cut; gradient checkpointing, with memory proportional to the square root of the length."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from unrolled.errors import InputError
from unrolled.functional.state import State
from unrolled.functional.windows import spans
from unrolled.tasks.base import SequenceTask


class CheckpointedBPTT(SequenceTask):
    """The exact gradient of the full batch; only the state before each segment is kept.

    In the backward pass each segment is run again, with the same random numbers, to build its graph.

    Source: Chen, Xu, Zhang & Guestrin 2016, "Training deep nets with sublinear memory cost", section 4; for recurrent
    networks Gruslys et al. 2016, "Memory-efficient backpropagation through time".

    Args:
        segments: number of segments of a batch; null: the square root of its length; 1 is full BPTT.

    Raises:
        InputError: fewer than 1.
    """

    seam = "truncation"

    def __init__(self, *, segments: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if segments is not None and segments < 1:
            raise InputError(f"CheckpointedBPTT: expected 1 segment or more, got {segments}")
        self.segments = segments

    def run_window(self) -> tuple[Tensor, Tensor, Tensor]:
        length = self.window.stop
        steps = math.ceil(length / (self.segments or math.ceil(math.sqrt(length))))
        if steps == length:
            return super().run_window()
        state, hidden, totals, counts = self.cursor.state, self.batch.inputs.new_empty(0), [], []
        for begin, end in spans(0, length, {*range(0, length, steps), *self.reset_steps}):
            part, loss, targets, state = checkpoint(self._segment, begin, end, state, use_reentrant=False)
            if begin == 0:
                hidden = part.new_empty(len(part), length, part.shape[2])
            hidden[:, begin:end] = part  # a list of parts, joined at the end, would be in memory twice
            totals.append(loss)
            counts.append(targets)
        self.cursor.save(state, length)
        return hidden, torch.stack(totals).sum(), torch.stack(counts).sum()

    def _segment(self, begin: int, end: int, state: State) -> tuple[Tensor, Tensor, Tensor, State]:
        hidden, state = self(begin, end, state)
        return hidden, *self.measure(hidden, self.batch.targets[:, begin:end]), state
