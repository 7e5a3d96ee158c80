"""How far forecasts are off, step by step of the horizon.  H steps of the horizon, N names."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torchmetrics import Metric

from unrolled.functional.forecasting.scores import Scores
from unrolled.tasks.step.mean_loss import WIDE

ROOTS = ("rmse",)  # what is a root of a mean


class ForecastErrors(Metric):
    """Summed scores of each step over all batches and processes.

    Args:
        names: of the scores, N.
        horizon: H, time steps.
    """

    full_state_update = False
    sums: Tensor  # (N, H)
    weights: Tensor  # (N, H): what they are divided by

    def __init__(self, names: Sequence[str], horizon: int) -> None:
        super().__init__()
        self.names = names
        for name in ("sums", "weights"):
            self.add_state(name, torch.zeros(len(names), horizon, dtype=WIDE), dist_reduce_fx="sum")

    def update(self, scores: Scores) -> None:
        """Add the scores of one batch: of each name its sums and weights, each (H,)."""
        self.sums = self.sums + torch.stack([scores[name][0] for name in self.names])
        self.weights = self.weights + torch.stack([scores[name][1] for name in self.names])

    def compute(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """By name: the means over the whole horizon, and those of each of its steps (H,)."""
        means = (self.sums.sum(1) / self.weights.sum(1), self.sums / self.weights)
        overall, steps = (dict(zip(self.names, values, strict=True)) for values in means)
        for found in (overall, steps):
            found.update({name: found[name].sqrt() for name in ROOTS if name in found})
        return overall, steps
