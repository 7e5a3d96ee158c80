"""The selective copying problem: pick the symbols out of the blanks, keep them, then say them."""

from typing import Any

import torch
from torch import Tensor

from unrolled.data.synthetic.copy_memory import CopyMemory


class SelectiveCopy(CopyMemory):
    """Symbols stand at random among blanks; behind the sign to repeat them they are said in their order.

        inputs   (B, T): `length` symbols among delay - 1 blanks, the delimiter, `length` blanks
        targets  (B, T): delay + length blanks, then the `length` symbols

    T = delay + 2 length, symbols are numbered as in `CopyMemory`, and each set of places is as likely as another.  As
    the distance from a symbol to its answer varies, counting time steps does not help: what is read decides what is
    kept.  Without memory the best costs what it costs in `CopyMemory`: length ln(symbols) / T nats per step.

    Source: Jing et al. 2019, "Gated orthogonal recurrent units: on learning to forget", the denoising task; known as
    selective copying since Gu & Dao 2023, "Mamba", section 3.1.

    Args:
        delay: time steps from the first to the last, less twice `length`: blanks before the delimiter, and one.
        length: symbols of a sequence.
        symbols: how many different ones there are.
    """

    def __init__(self, *, delay: int = 50, length: int = 10, symbols: int = 8, **kwargs: Any) -> None:
        super().__init__(delay=delay, length=length, symbols=symbols, **kwargs)

    def symbol_steps(self, rows: int, random: torch.Generator) -> Tensor:
        steps = torch.rand(rows, self.length + self.delay - 1, generator=random)
        return steps.topk(self.length).indices.sort().values
