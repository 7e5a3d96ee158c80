"""What is fitted to the training part of a series.  n time steps, O numbers of each; nan is missing."""

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
    """Of one series, each (O,) and in raw units; of all series, each (N, O).

    On the scale of the inputs a number x is (x - location) / scale.
    """

    location: Numbers  # the mean; mean_absolute: 0
    scale: Numbers  # the standard deviation; mean_absolute: the mean of |x|
    deviation: Numbers  # the standard deviation
    season_error: Numbers  # the mean of |x_t - x_{t - period}|; nan where that cannot be said or is 0
    mean: Numbers
    fill: Numbers  # what may stand for a missing number


def season_errors(values: Numbers, period: int) -> Numbers:
    """The mean of |x_t - x_{t - period}| (O,) of values (n, O); nan where that cannot be said or is 0."""
    steps = np.abs(values[period:] - values[:-period])
    known = ~np.isnan(steps)
    total = np.where(known, steps, 0.0).sum(0)
    return np.where(total > 0, total / np.maximum(known.sum(0), 1), np.nan)


def fit(name: str, train: Numbers, season_error: Numbers, scaling: Scaling, missing: ForwardFill) -> Fitted:
    """Everything that the training part (n, O) of the series `name` says, beside its `season_error` (O,).

    Source of the scale by mean absolute values: Salinas, Flunkert & Gasthaus 2017, "DeepAR: probabilistic forecasting
    with autoregressive recurrent networks", section 3.3 (there 1 is added to it).

    Raises:
        InputError: a training part without a number, or of numbers that do not vary.
    """
    if np.isnan(train).all(0).any():
        raise InputError(f"{name}: expected numbers in its train split of {len(train)} steps, got none; leave it out")
    mean, deviation = np.nanmean(train, 0), np.nanstd(train, 0)
    if (deviation <= 1e-12 * np.abs(mean)).any():
        value = mean[deviation <= 1e-12 * np.abs(mean)][0]
        raise InputError(f"{name}: expected numbers that vary, got {value:g} throughout its train split; leave it out")
    magnitude = np.nanmean(np.abs(train), 0)
    plain = scaling == "mean_absolute"
    return Fitted(
        np.zeros_like(mean) if plain else mean,
        magnitude if plain else deviation,
        deviation,
        season_error,
        mean,
        missing.fit(train),
    )


def observed(values: Numbers, mean: Numbers) -> tuple[Numbers, Numbers]:
    """`last` and `since` (N, O) of one series."""
    steps = np.arange(len(values))[:, None]
    place = np.maximum.accumulate(np.where(np.isnan(values), -1, steps))
    found = np.take_along_axis(values, np.maximum(place, 0), 0)
    return np.where(place < 0, mean, found), (steps - place).astype(float)


class CovariateScale(NamedTuple):
    """Mean and deviation (F,) of covariates."""

    mean: Numbers
    deviation: Numbers  # inf for one that never varies, which thus becomes 0

    @classmethod
    def of(cls, parts: list[Numbers]) -> Self:
        """That of the training parts (n_i, F) of all series together."""
        train = np.concatenate(parts)
        counts = (~np.isnan(train)).sum(0).clip(min=1)
        mean = np.nansum(train, 0) / counts
        deviation = np.sqrt(np.nansum((train - mean) ** 2, 0) / counts)
        return cls(mean, np.where(deviation <= 1e-12 * np.abs(mean), np.inf, deviation))

    def scaled(self, part: Numbers) -> Numbers:
        """Covariates (N, F) of a series; a missing one is the last that was there, in front of the first the mean."""
        filled = observed(part, self.mean)[0] if len(part) else part
        return (filled - self.mean) / self.deviation


FLOOR = 0.01  # the least deviation of a context, in those of its series' training part: a still context has none


def window_scale(scaling: Scaling, location: Tensor, scale: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
    """Location and scale (B, O) of windows by those of their series (B, O) and the raw `context` (B, C, O).

    A context without a number has those of its series.
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
    own = torch.maximum(variance.sqrt(), FLOOR * scale)
    return mean.where(known.any(1), location), own.where(known.any(1), scale)
