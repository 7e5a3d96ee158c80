"""What stands in a series where nothing was observed.  n steps of the training part, O numbers of a step."""

import math
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from unrolled.errors import InputError
from unrolled.functional.forecasting.imputation import Before, forward, linear
from unrolled.suggestions import expected

Missing = Literal["forward_fill", "linear", "mean", "median", "mode", "marker", "drop"]
Numbers = NDArray[np.float64]


class ForwardFill:
    """The last observed number; in front of the first one, the mean of the series' training part."""

    drops = False  # whether windows with a missing input are left out
    looks_ahead = False  # whether a fill may come from a later step of the context

    def fit(self, train: Numbers) -> Numbers:
        """What may stand for a missing number (O,), in raw units, found in the training part (n, O) alone."""
        found: Numbers = np.nanmean(train, 0)
        return found

    def fill(self, values: Tensor, before: Before, fitted: Tensor, context: int) -> Tensor:
        """Windows (B, T, O) on the scale of the inputs without gaps; `fitted` (B, O) likewise on that scale."""
        return forward(values, before)


class Linear(ForwardFill):
    """A line between the observed numbers on both sides of a gap, if both lie in the context; else the last number."""

    looks_ahead = True

    def fill(self, values: Tensor, before: Before, fitted: Tensor, context: int) -> Tensor:
        return linear(values, before, context)


class Mean(ForwardFill):
    """The mean of the series' training part."""

    def fill(self, values: Tensor, before: Before, fitted: Tensor, context: int) -> Tensor:
        return values.where(~values.isnan(), fitted[:, None])


class Median(Mean):
    """The median of the series' training part."""

    def fit(self, train: Numbers) -> Numbers:
        found: Numbers = np.nanmedian(train, 0)
        return found


class Mode(Mean):
    """The most frequent number of the series' training part; of several, the smallest."""

    def fit(self, train: Numbers) -> Numbers:
        columns = (np.unique(column[~np.isnan(column)], return_counts=True) for column in train.T)
        return np.array([numbers[counts.argmax()] for numbers, counts in columns])


class Marker(ForwardFill):
    """One number that says "missing", on the scale of the inputs, where the training part has mean 0.

    Args:
        marker: that number.
    """

    def __init__(self, marker: float) -> None:
        self.marker = marker

    def fill(self, values: Tensor, before: Before, fitted: Tensor, context: int) -> Tensor:
        return values.nan_to_num(nan=self.marker)


class Drop(ForwardFill):
    """A window with a missing input is left out; how many are is told in the log."""

    drops = True


POLICIES: dict[str, type[ForwardFill]] = {
    "forward_fill": ForwardFill,
    "linear": Linear,
    "mean": Mean,
    "median": Median,
    "mode": Mode,
    "drop": Drop,
}


def policy(missing: str, marker: float) -> ForwardFill:
    """The policy of that name.

    Raises:
        InputError: no policy has it, or a marker that is no finite number.
    """
    if missing not in get_args(Missing):
        raise InputError(f"data.init_args.missing: {expected(missing, get_args(Missing))}")
    if not math.isfinite(marker):
        raise InputError(f"data.init_args.marker: expected a finite number, got {marker}")
    return Marker(marker) if missing == "marker" else POLICIES[missing]()
