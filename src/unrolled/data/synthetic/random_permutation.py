"""The random permutation problem: recall the first symbol after a sequence of random ones."""

import math
from typing import Any

import torch
from torch import Tensor

from unrolled.data.base import at_least
from unrolled.data.synthetic.synthetic_data import SyntheticData
from unrolled.functional.batch import IGNORE

KEYS = 2  # the number of possible first symbols


class RandomPermutation(SyntheticData):
    """The target is the next symbol; all symbols are independent, except that the last is the first again.

        inputs   (B, T): 0 or 1, then symbols 2 to symbols - 1 at random
        targets  (B, T): the next symbol at each step; at the last step, or only there, the first symbol

    With `every_step`, the T - 1 targets before the last are unpredictable and have a loss of ln(symbols - 2) nats each:
    gradient noise from which the model has to learn the last target.  Without memory, the last target has a loss of
    ln 2 nats.

    Source: Martens & Sutskever 2011, "Learning recurrent neural networks with Hessian-free optimization", section 4,
    after Hochreiter & Schmidhuber 1997, "Long short-term memory", section 5.2, task 2b.

    Args:
        length: time steps T of a sequence; the last symbol is only a target.
        symbols: number of distinct symbols, including the two possible first symbols.
        every_step: whether there is a target at each step, as in the paper, or only at the last step.
    """

    def __init__(self, *, length: int = 100, symbols: int = 100, every_step: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.length = length
        self.symbols = symbols
        self.every_step = every_step

    def check_arguments(self) -> None:
        super().check_arguments()
        at_least(2, length=self.length)
        at_least(KEYS + 1, symbols=self.symbols)

    def draw(self, rows: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        inputs = torch.randint(KEYS, self.symbols, (rows, self.length), generator=random)
        inputs[:, 0] = torch.randint(KEYS, (rows,), generator=random)
        targets = torch.full_like(inputs, IGNORE)
        if self.every_step:
            targets[:, :-1] = inputs[:, 1:]
        targets[:, -1] = inputs[:, 0]
        return inputs, targets

    def sizes(self) -> dict[str, Any]:
        return {"vocabulary_size": self.symbols, "classes": self.symbols}

    def baselines(self, split: str = "test") -> dict[str, float]:
        """Nats per target without memory, and, with `every_step`, the minimum."""
        if not self.every_step:
            return {"memoryless": math.log(KEYS)}
        noise = (self.length - 1) * math.log(self.symbols - KEYS)
        return {"memoryless": (noise + math.log(KEYS)) / self.length, "best possible": noise / self.length}
