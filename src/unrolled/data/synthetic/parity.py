"""Parity of random bits, trained on short sequences and tested on longer ones."""

import math
from typing import Any

import torch
from torch import Tensor

from unrolled.data.base import Split, at_least
from unrolled.data.synthetic.synthetic_data import SyntheticData
from unrolled.errors import InputError
from unrolled.functional.batch import IGNORE


class Parity(SyntheticData):
    """Sequences of random bits; the target at the last step is the parity of their sum.

        inputs   (B, T): bits, 0 after the last step of a row
        targets  (B, T): the sum of the bits modulo 2 at the last step of a row, IGNORE elsewhere

    Training and validation rows have 1 to `length` steps, uniformly distributed; test rows have length + 1 to
    `test_length`: longer than any training row.  The parity is independent of any proper subset of the bits, so a model
    that misses a bit cannot do better than chance: ln 2 nats and an accuracy of 1/2.

    Source: Graves 2016, "Adaptive computation time for recurrent neural networks", section 3.1 (one vector of bits);
    as a sequence with a test of longer ones: Deletang et al. 2023, "Neural networks and the Chomsky hierarchy" (parity
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
        at_least(1, length=self.length)
        if self.test_length <= self.length:
            wanted = f"more than the {self.length} of data.init_args.length"
            raise InputError(f"data.init_args.test_length: expected {wanted}, got {self.test_length}")

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
        """Cross-entropy of chance, in nats per sequence."""
        return {"chance": math.log(2)}
