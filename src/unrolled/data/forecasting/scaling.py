"""Scaling statistics, computed on the training split only.  n time steps, O numbers of each; nan is missing."""

from typing import Literal, NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from unrolled.data.files.columns import Numbers
from unrolled.data.forecasting.missing_values import ForwardFill
from unrolled.errors import InputError
from unrolled.functional.forecasting.imputation import last_seen

Scaling = Literal["standard", "mean_absolute", "instance", "last_value"]


class Fitted(NamedTuple):
    """Statistics of one series, each (O,) in raw units; of all series, each (N, O).

    A raw value x is scaled to (x - location) / scale.
    """

    location: Numbers  # the mean; mean_absolute: 0
    scale: Numbers  # the standard deviation; mean_absolute: the mean of |x|
    deviation: Numbers  # the standard deviation
    season_error: Numbers  # the mean of |x_t - x_{t - period}|; nan where undefined or 0
    mean: Numbers
    fill: Numbers  # the constant fill value of the imputation policy


def season_errors(values: Numbers, period: int) -> Numbers:
    """The mean of |x_t - x_{t - period}| (O,) of values (n, O); nan where undefined or 0."""
    steps = np.abs(values[period:] - values[:-period])
    known = ~np.isnan(steps)
    total = np.where(known, steps, 0.0).sum(0)
    return np.where(total > 0, total / np.maximum(known.sum(0), 1), np.nan)


def fit(name: str, train: Numbers, season_error: Numbers, scaling: Scaling, missing: ForwardFill) -> Fitted:
    """The statistics of a training split (n, O), with a given `season_error` (O,).

    Source of the mean absolute scale: Salinas, Flunkert & Gasthaus 2017, "DeepAR: probabilistic forecasting
    with autoregressive recurrent networks", section 3.3 (there 1 is added to it).

    Raises:
        InputError: a training split without an observed value, or of constant values.
    """
    if np.isnan(train).all(0).any():
        raise InputError(f"{name}: expected numbers in its train split of {len(train)} steps, got none; drop it")
    mean, deviation = np.nanmean(train, 0), np.nanstd(train, 0)
    if (deviation <= 1e-12 * np.abs(mean)).any():
        value = mean[deviation <= 1e-12 * np.abs(mean)][0]
        raise InputError(f"{name}: expected numbers that vary, got {value:g} throughout its train split; drop it")
    magnitude = np.nanmean(np.abs(train), 0)
    absolute = scaling == "mean_absolute"
    return Fitted(
        np.zeros_like(mean) if absolute else mean,
        magnitude if absolute else deviation,
        deviation,
        season_error,
        mean,
        missing.fit(train),
    )


def observed(values: Numbers, mean: Numbers) -> tuple[Numbers, Numbers]:
    """The last observed value, or `mean` before the first one, and the time steps since then: each (N, O)."""
    steps = np.arange(len(values))[:, None]
    place = np.maximum.accumulate(np.where(np.isnan(values), -1, steps))
    found = np.take_along_axis(values, np.maximum(place, 0), 0)
    return np.where(place < 0, mean, found), (steps - place).astype(float)


class CovariateScale(NamedTuple):
    """Mean and standard deviation (F,) of covariates."""

    mean: Numbers
    deviation: Numbers  # inf for a constant covariate, which is then scaled to 0

    @classmethod
    def of(cls, parts: list[Numbers]) -> Self:
        """Statistics of the training splits (n_i, F) of all series together."""
        train = np.concatenate(parts)
        counts = (~np.isnan(train)).sum(0).clip(min=1)
        mean = np.nansum(train, 0) / counts
        deviation = np.sqrt(np.nansum((train - mean) ** 2, 0) / counts)
        return cls(mean, np.where(deviation <= 1e-12 * np.abs(mean), np.inf, deviation))

    def scaled(self, part: Numbers) -> Numbers:
        """Standardised covariates (N, F) of a series, forward-filled; the mean before the first observed one."""
        filled = observed(part, self.mean)[0] if len(part) else part
        return (filled - self.mean) / self.deviation


FLOOR = 0.01  # the least deviation of a context, as a fraction of that of the series: a constant context has 0


def window_scale(scaling: Scaling, location: Tensor, scale: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
    """Location and scale (B, O) of windows from those of their series (B, O) and the raw `context` (B, C, O).

    A context without an observed value uses those of its series.
    """
    if scaling == "last_value":
        last = last_seen(context)[:, -1:]
        return torch.where(last[:, 0] < 0, location, context.gather(1, last.clamp(min=0))[:, 0]), scale
    if scaling != "instance":
        return location, scale
    known = ~context.isnan()
    count = known.sum(1).clamp(min=1)
    mean = context.nan_to_num().sum(1) / count
    variance = ((context - mean[:, None]).square() * known).nan_to_num().sum(1) / count
    deviation = torch.maximum(variance.sqrt(), FLOOR * scale)
    return mean.where(known.any(1), location), deviation.where(known.any(1), scale)
