"""The mean loss over a split."""

import torch
from torch import Tensor
from torchmetrics import Metric

WIDE = torch.float32 if torch.backends.mps.is_available() else torch.float64  # MPS has no float64


class MeanLoss(Metric):
    """Summed losses over summed counts, of all batches and processes; a nan stays a nan (MeanMetric drops it)."""

    full_state_update = False
    total: Tensor
    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name in ("total", "count"):
            self.add_state(name, torch.zeros((), dtype=WIDE), dist_reduce_fx="sum")

    def update(self, total: Tensor, count: Tensor) -> None:
        self.total = self.total + total
        self.count = self.count + count

    def compute(self) -> Tensor:
        return self.total / self.count
