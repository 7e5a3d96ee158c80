"""truncation: cut the gradient through time, and step at every cut."""

from typing import Any, Literal

import torch
from torch import Tensor

from unrolled.errors import InputError
from unrolled.functional.batch import SequenceBatch
from unrolled.functional.retained_graph import BackwardThroughPieces, Piece, as_leaves
from unrolled.functional.windows import Window, spans, windows
from unrolled.tasks.base import SequenceTask


class TruncatedBPTT(SequenceTask):
    """One optimizer step every `k1` time steps, whose gradient flows back through the last `k2`.

    If all targets are at the last step of the batch, there is one optimizer step, whose gradient uses the last `k2`.

    Source: Williams & Peng 1990, BPTT(h = k2; h' = k1).

    Args:
        k1: time steps between two optimizer steps.
        k2: time steps that the gradient flows through; null: k1.  k1 = k2 >= the batch's length is full BPTT.
        past: with k1 < k2, the graph for the gradient through earlier steps: "kept", the graph of their forward pass,
            with the weights at that time; or "recomputed", a new forward pass over those steps with the current
            weights, from the state before them.

    Raises:
        InputError: k1 below 1, k1 > k2, an unknown past, or a Trainer that accumulates gradients over batches.
    """

    seam = "truncation"

    def __init__(
        self, *, k1: int = 35, k2: int | None = None, past: Literal["kept", "recomputed"] = "kept", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.k1, self.k2, self.past = k1, k1 if k2 is None else k2, past
        if not 1 <= self.k1 <= self.k2:
            raise InputError(f"TruncatedBPTT: expected 1 <= k1 <= k2 time steps, got k1 = {self.k1}, k2 = {self.k2}")
        if past not in ("kept", "recomputed"):
            raise InputError(f"TruncatedBPTT: expected past kept or recomputed, got {past}")

    def on_train_batch_start(self, batch: SequenceBatch, batch_idx: int) -> None:
        super().on_train_batch_start(batch, batch_idx)
        self.pieces: list[Piece] = []

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        try:
            super().optimizer_step(*args, **kwargs)
        finally:
            self.pieces = []  # no longer needed; frees their graphs

    def windows(self, targeted: list[bool]) -> list[Window]:
        length = len(targeted)
        if any(targeted[:-1]):
            return windows(length, self.k1, self.k2)
        start = max(0, length - self.k2)
        return [Window(start, start, length, length)]

    def run_window(self) -> tuple[Tensor, Tensor, Tensor]:
        if self.past == "recomputed" or self.k1 == self.k2:
            return super().run_window()
        start, new, stop, _ = self.window
        first = max(start, self.cursor.step)  # the first step that has no graph yet
        state = self.cursor.advance_to(first)
        learnt = {name: p for name, p in self.named_parameters() if p.requires_grad}
        copies = {name: p.detach().clone().requires_grad_() for name, p in learnt.items()}
        self.pieces = [piece for piece in self.pieces if start <= piece.begin < self.cursor.step]
        later = {new, *(window.start for window in self.plan)}  # a later window may begin in the middle of this one
        for begin, end in spans(first, stop, later | self.reset_steps):
            entry = as_leaves(state)
            hidden, state = torch.func.functional_call(self, copies, (begin, end, entry))
            self.pieces.append(Piece(begin, entry, hidden, state, tuple(copies.values())))
        self.cursor.save(state, stop)
        hidden = BackwardThroughPieces.apply(self.pieces, new, *learnt.values())
        return hidden, *self.measure(hidden, self.batch.targets[:, new:stop])
