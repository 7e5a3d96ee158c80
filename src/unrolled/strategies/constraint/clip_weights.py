"""constraint: bound each weight."""

from typing import Any

import torch

from unrolled.errors import InputError
from unrolled.functional.constraints import bound_values
from unrolled.tasks.base import SequenceTask


class ClipWeights(SequenceTask):
    """Clip every weight and bias to [-bound, bound] after every `every_n_steps` optimizer steps.

    Source: Arjovsky, Chintala & Bottou 2017, "Wasserstein generative adversarial networks", algorithm 1.

    Args:
        bound: the largest absolute value of a weight; inf changes nothing.
        every_n_steps: optimizer steps between two clippings.

    Raises:
        InputError: a bound that is not above 0, or every_n_steps below 1.
    """

    seam = "constraint"

    def __init__(self, *, bound: float = float("inf"), every_n_steps: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not (bound > 0 and every_n_steps >= 1):
            given = f"{bound} and {every_n_steps}"
            raise InputError(f"ClipWeights: expected bound above 0 and every_n_steps of at least 1, got {given}")
        self.bound, self.every_n_steps = bound, every_n_steps

    def constrain(self) -> None:
        super().constrain()
        if self.bound == float("inf") or (self.optimizer_steps + 1) % self.every_n_steps:
            return
        weights = [p for p in self.parameters() if p.requires_grad]
        cut = torch.stack([bound_values(weight, self.bound) for weight in weights]).sum()
        self.record("strategy/clipped_weights_share", cut / sum(weight.numel() for weight in weights))
