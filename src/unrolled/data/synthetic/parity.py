"""Parity: is the number of ones odd?  Learned on short sequences, asked of long ones."""

import math
from typing import Any

import torch
from torch import Tensor

from unrolled.data.splits import Split
from unrolled.data.synthetic.synthetic_data import SyntheticData
from unrolled.errors import InputError
from unrolled.functional.batch import IGNORE


class Parity(SyntheticData):
    """A row of random bits; at its last step the parity of their sum is asked for.

        inputs   (B, T): bits, 0 behind a row's own last step
        targets  (B, T): at a row's last step the sum of its bits modulo 2, IGNORE elsewhere

    Training and validation rows are 1 to `length` steps long, each length as likely; test rows length + 1 to
    `test_length`: longer than any that was seen.  No subset of the bits says anything of the answer, so guessing, at
    ln 2 nats and half of the answers right, is the best that can be done without counting all of them.

    Source: Graves 2016, "Adaptive computation time for recurrent neural networks", section 3.1 (one vector of bits);
    as a sequence and a test of longer ones Deletang et al. 2023, "Neural networks and the Chomsky hierarchy" (parity
    check, trained to length 40).

    Args:
        length: time steps of the longest training row.
        test_length: time steps of the longest test row.
    """

    def __init__(self, *, length: int = 40, test_length: int = 256, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.length = length
        self.test_length = test_length

    def check_arguments(self) -> None:
        super().check_arguments()
        self.at_least(1, "length")
        if self.test_length <= self.length:
            told = f"more than the {self.length} of data.init_args.length"
            raise InputError(f"data.init_args.test_length: expected {told}, got {self.test_length}")

    def draw(self, rows: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        return self._draw(rows, 1, self.length, random)

    def draw_split(self, split: Split, rows: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        if split == "test":
            return self._draw(rows, self.length + 1, self.test_length, random)
        return self.draw(rows, random)

    def _draw(self, rows: int, shortest: int, longest: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        lengths = torch.randint(shortest, longest + 1, (rows, 1), generator=random)
        inputs = torch.randint(2, (rows, longest), generator=random).masked_fill(torch.arange(longest) >= lengths, 0)
        targets = torch.full_like(inputs, IGNORE).scatter_(1, lengths - 1, inputs.sum(1, keepdim=True) % 2)
        return inputs, targets

    def sizes(self) -> dict[str, Any]:
        return {"vocabulary_size": 2, "classes": 2}

    def baselines(self, split: str = "test") -> dict[str, float]:
        """In nats per sequence."""
        return {"chance": math.log(2)}
