"""Influence balancing: a stream on which a short memory of the gradient leads the wrong way."""

from typing import Any

import torch
from torch import Tensor

from unrolled.data.synthetic.synthetic_data import SyntheticData


class InfluenceBalancing(SyntheticData):
    """Nothing is read, and the first unit of `InfluenceNetwork` should be 1 at every step.

        inputs   (B, T, 1): 0
        targets  (B, T, 1): 1

    A stream, so its state is to be carried on: only the first step of an epoch is fresh.  A state that stays at zero
    has a squared error of 1.

    Source: Tallec & Ollivier 2017, "Unbiasing truncated backpropagation through time", the influence balancing task.

    Args:
        length: time steps T of a batch.
        batch_size: rows of a training batch, all alike.
        eval_batch_size: rows of a validation or test batch.
    """

    def __init__(self, *, length: int = 100, batch_size: int = 1, eval_batch_size: int = 1, **kwargs: Any) -> None:
        super().__init__(batch_size=batch_size, eval_batch_size=eval_batch_size, **kwargs)
        self.length = length

    def check_arguments(self) -> None:
        super().check_arguments()
        self.at_least(1, "length")

    def draw(self, rows: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        shape = (rows, self.length, 1)
        return torch.zeros(shape), torch.ones(shape)

    def resets(self, rows: int, length: int, index: int) -> Tensor:
        return super().resets(rows, length, index) if index == 0 else torch.zeros(rows, length, dtype=torch.bool)

    def sizes(self) -> dict[str, Any]:
        return {"input_size": 1, "output_size": 1}

    def baselines(self, split: str = "test") -> dict[str, float]:
        """In the mean squared error."""
        return {"state at zero": 1.0}
