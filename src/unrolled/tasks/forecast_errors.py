"""How far forecasts are off, step by step of the horizon.  B batch, H steps of the horizon, O output features."""

import torch
from torch import Tensor
from torchmetrics import Metric

from unrolled.tasks.mean_loss import WIDE

QUANTITIES = ("free_running_mse", "free_running_mae", "teacher_forced_mse")


class ForecastErrors(Metric):
    """Summed errors of each step over all batches and processes; a target of nan counts in none.

    Args:
        horizon: H, time steps.
    """

    full_state_update = False
    sums: Tensor  # (3, H), in the order of QUANTITIES
    counts: Tensor  # (H,)

    def __init__(self, horizon: int) -> None:
        super().__init__()
        self.add_state("sums", torch.zeros(len(QUANTITIES), horizon, dtype=WIDE), dist_reduce_fx="sum")
        self.add_state("counts", torch.zeros(horizon, dtype=WIDE), dist_reduce_fx="sum")

    def update(self, free: Tensor, forced: Tensor, targets: Tensor) -> None:
        """Outputs of the free run and of the one that read the truth, and what was to come; each (B, H, O)."""
        known = ~targets.isnan()
        off, held = ((outputs.to(WIDE) - targets).where(known, 0.0) for outputs in (free, forced))
        self.sums = self.sums + torch.stack([each.sum((0, 2)) for each in (off.square(), off.abs(), held.square())])
        self.counts = self.counts + known.sum((0, 2))

    def compute(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """By the names of QUANTITIES: the means over the whole horizon, and those of each of its steps (H,)."""
        overall, steps = self.sums.sum(1) / self.counts.sum(), self.sums / self.counts
        return dict(zip(QUANTITIES, overall, strict=True)), dict(zip(QUANTITIES, steps, strict=True))
