"""Windows of series -> batches.  B batch (rows of this process), T time steps, N windows."""

from collections.abc import Callable

import torch
from torch import Tensor

from unrolled.data.loaders.resumable import ResumableLoader
from unrolled.functional.batch import ForecastBatch
from unrolled.functional.generators import generator

Cut = Callable[..., ForecastBatch]  # places (B, 2), and `hidden` (B, T, O) -> a batch


class RandomWindows(ResumableLoader):
    """Windows at random places, for training: batch i of epoch e on process r is a function of (seed, e, i, r).

    Args:
        cut: makes a batch of places.
        places: (N, 2) every window that may be trained on.
        rows: B.
        batches: of an epoch.
        seed: of the places, and of what is hidden.
        hide: the shape (T, O) of a window's inputs, the share of them that is hidden at last, and the batches over
            which it grows to that from 0; None: nothing is hidden.
        rank: which process this is.
    """

    counted_by = "data.init_args.batches"

    def __init__(
        self,
        cut: Cut,
        places: Tensor,
        *,
        rows: int,
        batches: int,
        seed: int,
        hide: tuple[tuple[int, int], float, int] | None = None,
        rank: int = 0,
    ) -> None:
        super().__init__()
        self.cut, self.places, self.rows, self.batches, self.seed = cut, places, rows, batches, seed
        self.hide, self.rank = hide, rank

    def __len__(self) -> int:
        return self.batches

    def batch(self, index: int) -> ForecastBatch:  # type: ignore[override]
        key = (self.seed, "train", self.epoch, index, self.rank)
        chosen = self.places[torch.randint(len(self.places), (self.rows,), generator=generator(*key))]
        if self.hide is None:
            return self.cut(chosen)
        shape, share, over = self.hide
        share *= min(1.0, (self.epoch * self.batches + index) / over) if over else 1.0
        return self.cut(chosen, hidden=torch.rand(self.rows, *shape, generator=generator(*key, "hidden")) < share)


class RollingOrigins(ResumableLoader):
    """Every window once and in order, for evaluation; the processes take the batches in turn.

    Args:
        cut: makes a batch of places.
        places: (N, 2).
        rows: B; the last batch may have fewer.
        rank: which process this is.
        world_size: how many processes share the windows.
    """

    counted_by = "series, context, horizon, eval_stride, eval_batch_size and number of processes"

    def __init__(self, cut: Cut, places: Tensor, *, rows: int, rank: int = 0, world_size: int = 1) -> None:
        super().__init__()
        self.cut, self.places, self.rows, self.rank, self.world_size = cut, places, rows, rank, world_size

    def __len__(self) -> int:
        """Batches of an epoch, the same on every process."""
        return -(-len(self.places) // (self.rows * self.world_size))

    def batch(self, index: int) -> ForecastBatch:  # type: ignore[override]
        begin = (index * self.world_size + self.rank) * self.rows
        if begin < len(self.places):
            return self.cut(self.places[begin : begin + self.rows])
        spare = self.cut(self.places[-1:])  # the processes before had the last window: one that counts nowhere
        return spare._replace(targets=torch.full_like(spare.targets, float("nan")))
