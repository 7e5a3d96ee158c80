"""The copying problem: reproduce a string of symbols after a long delay."""

import math
from typing import Any

import torch
from torch import Tensor

from unrolled.data.base import at_least
from unrolled.data.synthetic.synthetic_data import SyntheticData


class CopyMemory(SyntheticData):
    """The input is a string of symbols, then blanks, then a delimiter; the target after it is the string.

        inputs   (B, T): `length` symbols, delay - 1 blanks, the delimiter, `length` blanks
        targets  (B, T): delay + length blanks, then the `length` symbols

    T = delay + 2 length.  Token ids: the symbols, the blank, the delimiter, which is never a target.  The best model
    without memory predicts blanks, then every symbol with the same probability: length ln(symbols) / T nats per step.

    Source: Arjovsky, Shah & Bengio 2016, "Unitary evolution recurrent neural networks", after Hochreiter & Schmidhuber
    1997, "Long short-term memory"; their T is the delay here.

    Args:
        delay: number of time steps from the last input symbol to the first target symbol, minus one.
        length: number of symbols of a string.
        symbols: number of distinct symbols.
    """

    label_steps = True

    def __init__(self, *, delay: int = 100, length: int = 10, symbols: int = 8, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.delay = delay
        self.length = length
        self.symbols = symbols

    def check_arguments(self) -> None:
        super().check_arguments()
        at_least(1, delay=self.delay, length=self.length)
        at_least(2, symbols=self.symbols)

    def strings(self, rows: int, random: torch.Generator) -> Tensor:
        """The symbols (B, length) to remember; by default independent and uniform."""
        return torch.randint(self.symbols, (rows, self.length), generator=random)

    def symbol_steps(self, rows: int, random: torch.Generator) -> Tensor:
        """The increasing time steps (B, length) of the symbols in the input; by default the first ones."""
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
        """Cross-entropy of the best model without memory, in nats per step."""
        return {"memoryless": self.length * math.log(self.symbols) / (self.delay + 2 * self.length)}
