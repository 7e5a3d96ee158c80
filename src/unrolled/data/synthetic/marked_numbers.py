"""Base of the adding and the multiplication problem: sequences with two marked numbers."""

from typing import Any

import torch
from torch import Tensor

from unrolled.data.base import at_least
from unrolled.data.synthetic.synthetic_data import SyntheticData


class MarkedNumbers(SyntheticData):
    """Sequences of numbers of which two are marked.  A data set overrides `answer` and `baselines`.

        inputs   (B, T, 2): numbers from U(0, 1), and a marker: 1 at the two marked steps, else 0
        targets  (B, T, 1): the answer at the last step, nan before it

    One marked step is drawn from the first half (steps 0 to T // 2 - 1), the other from the second.

    Args:
        length: time steps T of a sequence.
    """

    def __init__(self, *, length: int = 100, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.length = length

    def answer(self, marked: Tensor) -> Tensor:
        """The target (B, 1) of the two marked numbers (B, 2)."""
        raise NotImplementedError(f"{type(self).__name__} does not define answer()")

    def check_arguments(self) -> None:
        super().check_arguments()
        at_least(2, length=self.length)

    def draw(self, rows: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        half = self.length // 2
        numbers = torch.rand(rows, self.length, generator=random)
        first = torch.randint(half, (rows, 1), generator=random)
        second = torch.randint(half, self.length, (rows, 1), generator=random)
        marked = torch.cat([first, second], 1)  # (B, 2)
        markers = torch.zeros(rows, self.length).scatter_(1, marked, 1.0)
        targets = torch.full((rows, self.length, 1), float("nan"))
        targets[:, -1] = self.answer(numbers.gather(1, marked))
        return torch.stack([numbers, markers], -1), targets

    def sizes(self) -> dict[str, Any]:
        return {"input_size": 2, "output_size": 1}
