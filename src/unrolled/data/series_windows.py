"""Windows of a series -> batches.  N windows of W numbers, B batch (rows of this process), T = W - 1 time steps."""

import torch
from torch import Tensor

from unrolled.data.resumable import ResumableLoader
from unrolled.functional.batch import SequenceBatch
from unrolled.functional.draws import generator


def one_step_ahead(windows: Tensor) -> SequenceBatch:
    """Rows that each read their window (B, W) anew and are asked at each step for the next number."""
    inputs, targets = windows[:, :-1, None], windows[:, 1:, None]
    return SequenceBatch(inputs, targets, (torch.arange(inputs.shape[1]) == 0).repeat(len(inputs), 1))


class RandomWindows(ResumableLoader):
    """Windows at random places, for training: batch i of epoch e on process r is a function of (seed, e, i, r).

    Args:
        windows: (N, W) every window that may be trained on.
        rows: B.
        batches: of an epoch.
        seed: of the places.
        rank: which process this is.
    """

    counted_by = "data.init_args.batches"

    def __init__(self, windows: Tensor, *, rows: int, batches: int, seed: int, rank: int = 0) -> None:
        super().__init__()
        self.windows, self.rows, self.batches, self.seed, self.rank = windows, rows, batches, seed, rank

    def __len__(self) -> int:
        return self.batches

    def batch(self, index: int) -> SequenceBatch:
        random = generator(self.seed, "train", self.epoch, index, self.rank)
        return one_step_ahead(self.windows[torch.randint(len(self.windows), (self.rows,), generator=random)])


class RollingOrigins(ResumableLoader):
    """Every window once and in order, for evaluation; the processes take the batches in turn.

    Args:
        windows: (N, W).
        rows: B; the last batch may have fewer.
        rank: which process this is.
        world_size: how many processes share the windows.
    """

    counted_by = "series, context, horizon, eval_batch_size and number of processes"

    def __init__(self, windows: Tensor, *, rows: int, rank: int = 0, world_size: int = 1) -> None:
        super().__init__()
        self.windows, self.rows, self.rank, self.world_size = windows, rows, rank, world_size

    def __len__(self) -> int:
        """Batches of an epoch, the same on every process."""
        return -(-len(self.windows) // (self.rows * self.world_size))

    def batch(self, index: int) -> SequenceBatch:
        begin = (index * self.world_size + self.rank) * self.rows
        if begin < len(self.windows):
            return one_step_ahead(self.windows[begin : begin + self.rows])
        spare = one_step_ahead(self.windows[-1:])  # the processes before had the last window: one that counts nowhere
        return spare._replace(targets=torch.full_like(spare.targets, float("nan")))
