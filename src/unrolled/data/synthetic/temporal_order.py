"""The temporal order problem: classify the order of two or three rare symbols."""

import math
from typing import Any

import torch
from torch import Tensor

from unrolled.data.base import at_least
from unrolled.data.synthetic.synthetic_data import SyntheticData
from unrolled.errors import InputError
from unrolled.functional.batch import IGNORE

DISTRACTORS, X, BEGIN, END = 4, 4, 6, 7  # tokens: a b c d, then X Y, then E and B, the first and the last of a sequence
# The first and the last possible position of each marked symbol, in hundredths of the sequence (of 100 steps in the
# paper).
POSITIONS = {2: [(10, 20), (50, 60)], 3: [(10, 20), (33, 43), (66, 76)]}


class TemporalOrder(SyntheticData):
    """Sequences of distractors with two or three marked symbols, X or Y; the class is their order.

        inputs   (B, T): E, then random a, b, c or d with X or Y at the marked steps, then B
        targets  (B, T): the class at the last step, IGNORE before it

    The class is the marked symbols as a binary number with X = 0 and Y = 1: XX 0, XY 1, YX 2, YY 3.  The classes are
    uniformly distributed: chance is bits ln 2 nats.

    Source: Hochreiter & Schmidhuber 1997, "Long short-term memory", section 5.6, tasks 6a (two) and 6b (three), with
    one length for all sequences and the marked steps scaled to it (two: steps 10 to 20 and 50 to 60 of 100).

    Args:
        length: time steps T of a sequence, at least 10.
        bits: number of marked symbols, 2 or 3.
    """

    def __init__(self, *, length: int = 100, bits: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.length = length
        self.bits = bits

    def check_arguments(self) -> None:
        super().check_arguments()
        at_least(10, length=self.length)
        if self.bits not in POSITIONS:
            raise InputError(f"data.init_args.bits: expected 2 or 3, got {self.bits}")

    def draw(self, rows: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        inputs = torch.randint(DISTRACTORS, (rows, self.length), generator=random)
        inputs[:, 0], inputs[:, -1] = BEGIN, END
        order = torch.randint(2, (rows, self.bits), generator=random)
        for bit, (low, high) in enumerate(POSITIONS[self.bits]):
            first, last = low * self.length // 100, high * self.length // 100
            step = torch.randint(first, last + 1, (rows, 1), generator=random)
            inputs.scatter_(1, step, X + order[:, bit : bit + 1])
        targets = torch.full_like(inputs, IGNORE)
        targets[:, -1] = order @ (2 ** torch.arange(self.bits).flip(0))
        return inputs, targets

    def sizes(self) -> dict[str, Any]:
        return {"vocabulary_size": END + 1, "classes": 2**self.bits}

    def baselines(self, split: str = "test") -> dict[str, float]:
        """Cross-entropy of chance, in nats per sequence."""
        return {"chance": self.bits * math.log(2)}
