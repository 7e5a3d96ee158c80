"""The selective copying problem: reproduce the symbols that are scattered among blanks."""

from typing import Any

import torch
from torch import Tensor

from unrolled.data.synthetic.copy_memory import CopyMemory


class SelectiveCopy(CopyMemory):
    """The input is symbols at random steps among blanks, then a delimiter; the target after it is the symbols in order.

        inputs   (B, T): `length` symbols among delay - 1 blanks, the delimiter, `length` blanks
        targets  (B, T): delay + length blanks, then the `length` symbols

    T = delay + 2 length; token ids are as in `CopyMemory`; each set of steps is equally likely.  The distance from a
    symbol to its target varies, so a fixed delay does not solve the problem: what to store depends on the input.  The
    best model without memory has the loss of `CopyMemory`: length ln(symbols) / T nats per step.

    Source: Jing et al. 2019, "Gated orthogonal recurrent units: on learning to forget", the denoising task; known as
    selective copying since Gu & Dao 2023, "Mamba", section 3.1.

    Args:
        delay: T - 2 length; there are delay - 1 blanks before the delimiter.
        length: number of symbols of a sequence.
        symbols: number of distinct symbols.
    """

    def __init__(self, *, delay: int = 50, length: int = 10, symbols: int = 8, **kwargs: Any) -> None:
        super().__init__(delay=delay, length=length, symbols=symbols, **kwargs)

    def symbol_steps(self, rows: int, random: torch.Generator) -> Tensor:
        steps = torch.rand(rows, self.length + self.delay - 1, generator=random)
        return steps.topk(self.length).indices.sort().values
