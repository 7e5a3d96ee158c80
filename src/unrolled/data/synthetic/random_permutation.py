"""The random permutation problem: of many symbols that follow no rule, the first one comes back."""

import math
from typing import Any

import torch
from torch import Tensor

from unrolled.data.synthetic.synthetic_data import SyntheticData
from unrolled.functional.batch import IGNORE

KEYS = 2  # the symbols that may stand first


class RandomPermutation(SyntheticData):
    """The next symbol is asked for; all of them are drawn without memory, but the last is the first again.

        inputs   (B, T): 0 or 1, then symbols 2 to symbols - 1 at random
        targets  (B, T): the next symbol at each step, at the last step the symbol that stood first; or that one alone

    With `every_step` the T - 1 targets before the last one cannot be learned and cost ln(symbols - 2) nats each,
    whatever is remembered: a noise of gradients in which the last one has to be found.  Without memory that one costs
    ln 2 nats.

    Source: Martens & Sutskever 2011, "Learning recurrent neural networks with Hessian-free optimization", section 4,
    after Hochreiter & Schmidhuber 1997, "Long short-term memory", section 5.2, task 2b.

    Args:
        length: time steps T of a sequence; one symbol more, the last, is only predicted.
        symbols: how many different ones there are, the two that may stand first counted.
        every_step: whether the next symbol is asked for at each step, as in the paper, or at the last one alone.
    """

    def __init__(self, *, length: int = 100, symbols: int = 100, every_step: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.length = length
        self.symbols = symbols
        self.every_step = every_step

    def check_arguments(self) -> None:
        super().check_arguments()
        self.at_least(2, "length")
        self.at_least(KEYS + 1, "symbols")

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
        """In nats per target: without memory, and where every step is asked for the least that memory can reach."""
        if not self.every_step:
            return {"memoryless": math.log(KEYS)}
        noise = (self.length - 1) * math.log(self.symbols - KEYS)
        return {"memoryless": (noise + math.log(KEYS)) / self.length, "best possible": noise / self.length}
