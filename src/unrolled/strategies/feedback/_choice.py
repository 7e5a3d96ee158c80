"""The choice between ground truth and model output, at each step or by coins."""

from abc import abstractmethod
from typing import Any

import torch
from torch import Tensor

from unrolled.errors import InputError
from unrolled.functional.batch import SequenceBatch
from unrolled.functional.feedback import Per, has_output, no_output_like, uniform_draws
from unrolled.functional.state import State
from unrolled.strategies.feedback._model_output import ModelOutput
from unrolled.tasks.base import Read


class Feedback(ModelOutput):
    """At each step, read the ground truth or the last model output, chosen by `ratio` and `truth`."""

    @abstractmethod
    def ratio(self) -> float:
        """The probability of the ground truth at this optimizer step; 1: one fused call, with no feedback."""

    @abstractmethod
    def truth(self, rows: int, begin: int, end: int) -> Tensor:
        """(B, T) bool: which of the batch's steps from `begin` to `end` read the ground truth."""

    def forward(self, begin: int, end: int, state: State, read: Read | None = None) -> tuple[Tensor, State]:
        self.first_step = begin  # of the inputs that `unroll` reads next
        return super().forward(begin, end, state, read)

    def unroll(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        if not self.training or self.ratio() >= 1:
            hidden, after = self.predict(inputs, state[:-1])
            return hidden, (*after, no_output_like(state[-1]))
        return self.mix(inputs, state, self.truth(len(inputs), self.first_step, self.first_step + inputs.shape[1]))

    def read_free(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """Read the last model output at every step after a row's prefix."""
        return self.mix(inputs, state, torch.zeros(inputs.shape[:2], dtype=torch.bool, device=inputs.device))

    def mix(self, inputs: Tensor, state: State, truth: Tensor) -> tuple[Tensor, State]:
        """Read the ground truth where `truth` (B, T) is True and in a row's prefix, else the last model output."""
        given = self.steps_since_reset()[:, self.first_step : self.first_step + inputs.shape[1]] < self.prefix
        truth = truth | given
        choice = ~given
        choice[:, 0] &= has_output(state[-1])
        self.record("strategy/choices", choice.sum())
        self.record("strategy/truths", (choice & truth).sum())
        hidden, after = self.read(inputs, truth, state)
        return hidden, (*after, self.answer(hidden[:, -1]))


class Coins(Feedback):
    """A coin decides whether a step reads the ground truth, with the probability `ratio()`.

    A coin that several steps share is one random number for the full batch; each window compares it with its ratio.

    Args:
        coin_per: token: a coin for each step; sequence: one for each row of a batch; batch: one for the batch, on all
            processes together.

    Raises:
        InputError: another coin_per.
    """

    def __init__(self, *, coin_per: Per = "token", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if coin_per not in ("token", "sequence", "batch"):
            raise InputError(f"{self.owner()}: expected coin_per of token, sequence or batch, got {coin_per}")
        self.coin_per: Per = coin_per

    def on_train_batch_start(self, batch: SequenceBatch, batch_idx: int) -> None:
        if self.coin_per != "token":  # from a separate generator: a segment that is run again needs the same coins
            drawn = self.draws(f"coins {self.global_rank if self.coin_per == 'sequence' else ''}")
            self.shared = uniform_draws(len(batch.inputs), 1, self.coin_per, drawn, self.device)
        super().on_train_batch_start(batch, batch_idx)

    def truth(self, rows: int, begin: int, end: int) -> Tensor:
        drawn = uniform_draws(rows, end - begin, device=self.device) if self.coin_per == "token" else self.shared
        return (drawn < self.ratio()).expand(rows, end - begin)

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        super().on_before_optimizer_step(optimizer)
        self.record("strategy/teacher_forcing_ratio", self.ratio())
