"""The copying problem: keep a string of symbols over a long time, then say it."""

import math
from typing import Any

import torch
from torch import Tensor

from unrolled.data.synthetic.synthetic_data import SyntheticData


class CopyMemory(SyntheticData):
    """Symbols are read, then nothing for a long time, then a sign to repeat them in their order.

        inputs   (B, T): `length` symbols, delay - 1 blanks, the delimiter, `length` blanks
        targets  (B, T): delay + length blanks, then the `length` symbols

    T = delay + 2 length.  Symbols are numbered 0, 1, ..., the blank comes after them, and after it the delimiter, which
    is never a target.  Without memory the best is to say blanks, then every symbol with the same probability:
    length ln(symbols) / T nats per step.

    Source: Arjovsky, Shah & Bengio 2016, "Unitary evolution recurrent neural networks", after Hochreiter & Schmidhuber
    1997, "Long short-term memory"; their T is the delay here.

    Args:
        delay: time steps from the last symbol that is read to the first that is said, less one.
        length: symbols of a string.
        symbols: how many different ones there are.
    """

    label_steps = True

    def __init__(self, *, delay: int = 100, length: int = 10, symbols: int = 8, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.delay = delay
        self.length = length
        self.symbols = symbols

    def check_arguments(self) -> None:
        super().check_arguments()
        self.at_least(1, "delay", "length")
        self.at_least(2, "symbols")

    def strings(self, rows: int, random: torch.Generator) -> Tensor:
        """(B, length): what is to be remembered.  Here: each symbol drawn for itself."""
        return torch.randint(self.symbols, (rows, self.length), generator=random)

    def symbol_steps(self, rows: int, random: torch.Generator) -> Tensor:
        """(B, length): the steps at which it is read, in order, all before the delimiter.  Here: the first ones."""
        return torch.arange(self.length).expand(rows, -1)

    def draw(self, rows: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        string = self.strings(rows, random)
        blank, delimiter = self.symbols, self.symbols + 1
        inputs = torch.full((rows, self.delay + 2 * self.length), blank)
        targets = inputs.clone()
        inputs.scatter_(1, self.symbol_steps(rows, random), string)
        inputs[:, self.length + self.delay - 1] = delimiter
        targets[:, -self.length :] = string
        return inputs, targets

    def sizes(self) -> dict[str, Any]:
        return {"vocabulary_size": self.symbols + 2, "classes": self.symbols + 1}

    def baselines(self, split: str = "test") -> dict[str, float]:
        """In nats per step."""
        return {"memoryless": self.length * math.log(self.symbols) / (self.delay + 2 * self.length)}
