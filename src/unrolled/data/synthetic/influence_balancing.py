"""Influence balancing: a stream on which truncated gradients point in the wrong direction."""

from typing import Any

import torch
from torch import Tensor

from unrolled.data.base import at_least
from unrolled.data.synthetic.synthetic_data import SyntheticData


class InfluenceBalancing(SyntheticData):
    """The inputs are 0; the target of the first unit of `InfluenceNetwork` is 1 at every step.

        inputs   (B, T, 1): 0
        targets  (B, T, 1): 1

    A stream, for a state that is carried over: only the first step of an epoch is a reset.  A state of zero has a
    squared error of 1.

    Source: Tallec & Ollivier 2017, "Unbiasing truncated backpropagation through time", the influence balancing task.

    Args:
        length: time steps T of a batch.
        batch_size: sequences of a training batch, all equal.
        eval_batch_size: sequences of a validation or test batch.
    """

    def __init__(self, *, length: int = 100, batch_size: int = 1, eval_batch_size: int = 1, **kwargs: Any) -> None:
        super().__init__(batch_size=batch_size, eval_batch_size=eval_batch_size, **kwargs)
        self.length = length

    def check_arguments(self) -> None:
        super().check_arguments()
        at_least(1, length=self.length)

    def draw(self, rows: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        shape = (rows, self.length, 1)
        return torch.zeros(shape), torch.ones(shape)

    def resets(self, rows: int, length: int, index: int) -> Tensor:
        return super().resets(rows, length, index) if index == 0 else torch.zeros(rows, length, dtype=torch.bool)

    def sizes(self) -> dict[str, Any]:
        return {"input_size": 1, "output_size": 1}

    def baselines(self, split: str = "test") -> dict[str, float]:
        """Mean squared error of a state of zero."""
        return {"state at zero": 1.0}
