"""Where the windows of a part begin.  C context, H horizon; N time steps of a series."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unrolled.data.forecasting.fitted_series import Borders
from unrolled.data.forecasting.series import Series
from unrolled.data.forecasting.windows import WindowMaker
from unrolled.data.splits import Split


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
