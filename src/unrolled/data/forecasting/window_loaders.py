"""Windows of series -> batches.  B batch (rows of this process), T time steps, N windows."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unrolled.data.forecasting.fitted_series import Borders
from unrolled.data.forecasting.series import Series
from unrolled.data.forecasting.windows import WindowMaker
from unrolled.data.loaders.resumable import ResumableLoader
from unrolled.data.splits import Split
from unrolled.functional.batch import ForecastBatch
from unrolled.functional.generators import generator


def places(
    maker: WindowMaker, series: list[Series], borders: list[Borders], split: Split, context: int, stride: int
) -> tuple[Tensor, int]:
    """Each window whose targets lie in a split: (N, 2) number of its series and first step; and how many were left out.

    A training window lies in the training part with its context too.  Windows without a number to forecast tell
    nothing; they are not counted.  Those with a missing input are left out, and counted, where the policy says drop.
    """
    found, left_out = [], 0
    for number, (one, border) in enumerate(zip(series, borders, strict=True)):
        begin, end = border.of(split)
        first = max(begin - (0 if split == "train" else context), 0)
        starts = np.arange(first, end - context - maker.horizon + 1, stride)
        missing = np.isnan(one.values)
        asked = counts(~missing, starts + context, maker.horizon) > 0
        clean = counts(missing, starts, context + maker.horizon - 1) == 0
        if maker.missing.drops:
            left_out += int((asked & ~clean).sum())
            asked &= clean
        found.append(np.stack([np.full(asked.sum(), number), starts[asked]], 1))
    return torch.from_numpy(np.concatenate(found)), left_out


def counts(flags: NDArray[np.bool_], starts: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """How many flags (N, O) are set in the `length` steps from each of `starts`."""
    sums = np.concatenate([[0], flags.sum(1).cumsum()])
    told: NDArray[np.int64] = sums[starts + length] - sums[starts]
    return told


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
    """Every window once and in order, for evaluation; the processes take the batches in turn.

    Args:
        cut: makes a batch of places.
        places: (N, 2).
        rows: B; the last batch may have fewer.
        rank: which process this is.
        world_size: how many processes share the windows.
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
        spare = self.cut(self.places[-1:])  # the processes before had the last window: one that counts nowhere
        return spare._replace(targets=torch.full_like(spare.targets, float("nan")))
