"""Noiseless memorisation: reproduce one of a few patterns after a long delay."""

from typing import Any

import torch
from torch import Tensor

from unrolled.data.synthetic.copy_memory import CopyMemory


class NoiselessMemorisation(CopyMemory):
    """The input is a pattern, then blanks, then a delimiter; the target after it is the pattern.

        inputs   (B, T): `length` symbols, delay - 1 blanks, the delimiter, `length` blanks
        targets  (B, T): delay + length blanks, then the `length` symbols

    The 5-bit problem has length 5 and 2 symbols: 32 patterns; the 20-bit problem has length 10 and 5 symbols: about
    10 million patterns.  If a batch has at least as many rows as there are patterns, each pattern occurs equally often:
    32 rows of the 5-bit problem are its 32 patterns.  The best model without memory has a loss of
    length ln(symbols) / T nats per step, as in `CopyMemory`.

    Source: Martens & Sutskever 2011, "Learning recurrent neural networks with Hessian-free optimization", section 4,
    after Hochreiter & Schmidhuber 1997, "Long short-term memory".

    Args:
        delay: number of time steps from the last input symbol to the first target symbol, minus one.
        length: number of symbols of a pattern.
        symbols: number of distinct symbols.
    """

    def __init__(self, *, delay: int = 50, length: int = 5, symbols: int = 2, **kwargs: Any) -> None:
        super().__init__(delay=delay, length=length, symbols=symbols, **kwargs)

    def strings(self, rows: int, random: torch.Generator) -> Tensor:
        if (patterns := self.symbols**self.length) > rows:
            return super().strings(rows, random)
        shuffled = [torch.randperm(patterns, generator=random) for _ in range(-(-rows // patterns))]
        return torch.cat(shuffled)[:rows, None] // self.symbols ** torch.arange(self.length) % self.symbols
