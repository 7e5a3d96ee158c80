"""Noiseless memorisation: few patterns, each to be kept without a fault over a long time."""

from typing import Any

import torch
from torch import Tensor

from unrolled.data.synthetic.copy_memory import CopyMemory


class NoiselessMemorisation(CopyMemory):
    """A pattern is read, then nothing changes for a long time, then a sign asks for the whole pattern.

        inputs   (B, T): `length` symbols, delay - 1 blanks, the delimiter, `length` blanks
        targets  (B, T): delay + length blanks, then the `length` symbols

    The 5-bit problem has length 5 and 2 symbols, 32 patterns in all; the 20-bit problem length 10 and 5 symbols, some
    10 million.  Where a batch has as many rows as there are patterns, it deals them out evenly: 32 rows of the 5-bit
    problem are its 32 patterns.  Without memory the best costs length ln(symbols) / T nats per step, as in
    `CopyMemory`.

    Source: Martens & Sutskever 2011, "Learning recurrent neural networks with Hessian-free optimization", section 4,
    after Hochreiter & Schmidhuber 1997, "Long short-term memory".

    Args:
        delay: time steps from the last symbol that is read to the first that is said, less one.
        length: symbols of a pattern.
        symbols: how many different ones there are.
    """

    def __init__(self, *, delay: int = 50, length: int = 5, symbols: int = 2, **kwargs: Any) -> None:
        super().__init__(delay=delay, length=length, symbols=symbols, **kwargs)

    def strings(self, rows: int, random: torch.Generator) -> Tensor:
        if (patterns := self.symbols**self.length) > rows:
            return super().strings(rows, random)
        dealt = [torch.randperm(patterns, generator=random) for _ in range(-(-rows // patterns))]
        return torch.cat(dealt)[:rows, None] // self.symbols ** torch.arange(self.length) % self.symbols
