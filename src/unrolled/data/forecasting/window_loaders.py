"""Find the windows of a split, and load them in batches.  B batch (rows of this process), T time steps, N windows."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unrolled.data.forecasting.series import Series
from unrolled.data.forecasting.time_split import SplitEnds
from unrolled.data.forecasting.windows import WindowMaker
from unrolled.data.loaders.resumable import ResumableLoader
from unrolled.data.splits import Split
from unrolled.functional.batch import ForecastBatch
from unrolled.functional.generators import generator


def places(
    maker: WindowMaker, series: list[Series], splits: list[SplitEnds], split: Split, context: int, stride: int
) -> tuple[Tensor, int]:
    """The windows with all targets in a split: (N, 2), index of the series and first step; and the number dropped.

    The context of a training window is in the training split too.  Windows without an observed target are skipped.
    Windows with a missing input are dropped, and counted, if the imputation policy is `drop`.
    """
    found, dropped = [], 0
    for index, (one, ends) in enumerate(zip(series, splits, strict=True)):
        begin, end = ends.span(split)
        first = max(begin - (0 if split == "train" else context), 0)
        starts = np.arange(first, end - context - maker.horizon + 1, stride)
        missing = np.isnan(one.values)
        chosen = counts(~missing, starts + context, maker.horizon) > 0
        complete = counts(missing, starts, context + maker.horizon - 1) == 0
        if maker.missing.drops:
            dropped += int((chosen & ~complete).sum())
            chosen &= complete
        found.append(np.stack([np.full(chosen.sum(), index), starts[chosen]], 1))
    return torch.from_numpy(np.concatenate(found)), dropped


def counts(flags: NDArray[np.bool_], starts: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """The number of flags (N, O) set in the `length` steps from each of `starts`."""
    sums = np.concatenate([[0], flags.sum(1).cumsum()])
    totals: NDArray[np.int64] = sums[starts + length] - sums[starts]
    return totals


Cut = Callable[..., ForecastBatch]  # places (B, 2), and `hidden` (B, T, O) -> a batch


class RandomWindows(ResumableLoader):
    """Random windows, for training: batch i of epoch e on process r is a function of (seed, e, i, r).

    Args:
        cut: makes a batch of windows from their places.
        places: (N, 2) all training windows.
        rows: B.
        batches: of an epoch.
        seed: of the windows drawn and of the inputs hidden.
        hide: the shape (T, O) of a window's values, the fraction of them to hide, and the batches over which the
            fraction grows linearly from 0; None: hide nothing.
        rank: of this process.
    """

    length_depends_on = "data.init_args.batches"

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
    """Every window once, in order, for evaluation; batches alternate between processes.

    Args:
        cut: makes a batch of windows from their places.
        places: (N, 2) all windows.
        rows: B; the last batch may have fewer.
        rank: of this process.
        world_size: number of processes that share the windows.
    """

    length_depends_on = "series, context, horizon, eval_stride, eval_batch_size and number of processes"

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
        padding = self.cut(self.places[-1:])  # no window left for this process: one without targets
        return padding._replace(targets=torch.full_like(padding.targets, float("nan")))
