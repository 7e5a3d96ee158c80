"""Imputation policies for missing values.  n time steps of the training split, O numbers of a step."""

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
    """The last observed value; before the first one, the mean of the training split."""

    drops = False  # whether windows with a missing input are dropped
    looks_ahead = False  # whether an imputed value may depend on later steps of the context

    def fit(self, train: Numbers) -> Numbers:
        """The constant fill value (O,) in raw units, from the training split (n, O)."""
        fill: Numbers = np.nanmean(train, 0)
        return fill

    def fill(self, values: Tensor, before: Before, fitted: Tensor, context: int) -> Tensor:
        """Impute scaled windows (B, T, O); `fitted` (B, O) is the fill value on the same scale."""
        return forward(values, before)


class Linear(ForwardFill):
    """Linear interpolation of gaps that end inside the context; otherwise the last observed value."""

    looks_ahead = True

    def fill(self, values: Tensor, before: Before, fitted: Tensor, context: int) -> Tensor:
        return linear(values, before, context)


class Mean(ForwardFill):
    """The mean of the training split."""

    def fill(self, values: Tensor, before: Before, fitted: Tensor, context: int) -> Tensor:
        return values.where(~values.isnan(), fitted[:, None])


class Median(Mean):
    """The median of the training split."""

    def fit(self, train: Numbers) -> Numbers:
        fill: Numbers = np.nanmedian(train, 0)
        return fill


class Mode(Mean):
    """The most frequent value of the training split; the smallest of several."""

    def fit(self, train: Numbers) -> Numbers:
        columns = (np.unique(column[~np.isnan(column)], return_counts=True) for column in train.T)
        return np.array([numbers[counts.argmax()] for numbers, counts in columns])


class Marker(ForwardFill):
    """A constant, on the scale of the inputs, where the training split has mean 0.

    Args:
        marker: the constant.
    """

    def __init__(self, marker: float) -> None:
        self.marker = marker

    def fill(self, values: Tensor, before: Before, fitted: Tensor, context: int) -> Tensor:
        return values.nan_to_num(nan=self.marker)


class Drop(ForwardFill):
    """Drop windows with a missing input; the log shows how many."""

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
    """The imputation policy of a name.

    Raises:
        InputError: an unknown name, or a marker that is not finite.
    """
    if missing not in get_args(Missing):
        raise InputError(f"data.init_args.missing: {expected(missing, get_args(Missing))}")
    if not math.isfinite(marker):
        raise InputError(f"data.init_args.marker: expected a finite number, got {marker}")
    return Marker(marker) if missing == "marker" else POLICIES[missing]()
