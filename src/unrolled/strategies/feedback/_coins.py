"""What strategies of the feedback seam share that toss coins."""

from typing import Any

import torch
from torch import Tensor

from unrolled.errors import InputError
from unrolled.functional.batch import SequenceBatch
from unrolled.functional.feedback import Per, uniform_draws
from unrolled.strategies.feedback._choice import Feedback


class Coins(Feedback):
    """A coin says whether a step reads the truth, with the probability `ratio()`.

    A coin that several steps share is one random number for the whole batch; each window compares it with its ratio.

    Args:
        coin_per: what has a coin of its own: token; sequence, a row of a batch; or batch, on all processes together.
    """

    def __init__(self, *, coin_per: Per = "token", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if coin_per not in ("token", "sequence", "batch"):
            raise InputError(f"{self.owner()}: expected coin_per of token, sequence or batch, got {coin_per}")
        self.coin_per: Per = coin_per

    def on_train_batch_start(self, batch: SequenceBatch, batch_idx: int) -> None:
        if self.coin_per != "token":  # of a generator of their own: a segment that is run again must meet them again
            drawn = self.draws(f"coins {self.global_rank if self.coin_per == 'sequence' else ''}")
            self.shared = uniform_draws(len(batch.inputs), 1, self.coin_per, drawn, self.device)
        super().on_train_batch_start(batch, batch_idx)

    def truth(self, rows: int, begin: int, end: int) -> Tensor:
        drawn = uniform_draws(rows, end - begin, device=self.device) if self.coin_per == "token" else self.shared
        return (drawn < self.ratio()).expand(rows, end - begin)

    def on_before_optimizer_step(self, optimizer: torch.optim.Optimizer) -> None:
        super().on_before_optimizer_step(optimizer)
        self.record("strategy/teacher_forcing_ratio", self.ratio())
