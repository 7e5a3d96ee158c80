"""Imputation, scaling and features of series, before they are cut into windows."""

from dataclasses import dataclass, field
from typing import Any, get_args

import numpy as np

from unrolled.data.base import Split, at_least
from unrolled.data.files.columns import Numbers
from unrolled.data.forecasting.calendar_features import Calendar, calendar_features, fourier_features, steps_after
from unrolled.data.forecasting.missing_values import Missing, policy
from unrolled.data.forecasting.scaling import CovariateScale, Fitted, Scaling, fit, season_errors
from unrolled.data.forecasting.series import Series, part
from unrolled.data.forecasting.time_split import SplitEnds
from unrolled.data.forecasting.windows import COVARIATES, SeriesStore, WindowMaker
from unrolled.errors import InputError
from unrolled.suggestions import expected


@dataclass(kw_only=True)
class Preprocessor:
    """Call `fit` once with all series, then `window_maker` for these series or for others with the same columns.

    All statistics (means, deviations, fill values) are computed on the training split of each series; the seasonal
    errors, which only metrics read, up to the end of the split `in_sample`.  The constructor arguments are those of
    `SeriesData`.
    """

    horizon: int
    missing: Missing
    marker: float
    scaling: Scaling
    marks: bool
    since: bool
    calendar: list[Calendar]
    fourier: int
    lags: list[int]
    period: int = field(init=False)  # time steps of a season; after `fit`, like all fields below
    fitted: dict[str, Fitted] = field(init=False, default_factory=dict)  # by the name of the series
    covariates: dict[str, CovariateScale] = field(init=False, default_factory=dict)  # of known, past and static
    first_start: Any = field(init=False, default=None)  # the earliest start of all series; None: unknown

    def check(self, period: int) -> None:
        """Raise InputError for arguments that no series can satisfy."""
        policy(self.missing, self.marker)
        if self.scaling not in (scalings := get_args(Scaling)):
            raise InputError(f"data.init_args.scaling: {expected(self.scaling, scalings)}")
        at_least(0, fourier=self.fourier)
        if 2 * self.fourier > period:
            message = f"expected at most {period // 2}, half a season of {period} time steps, got {self.fourier}"
            raise InputError(f"data.init_args.fourier: {message}")
        if early := [lag for lag in self.lags if lag < self.horizon]:
            message = f"expected lags of at least the horizon, {self.horizon} time steps, got {early[0]}"
            raise InputError(f"data.init_args.lags: {message}; shorter lags are not observed yet at forecast time")

    def fit(self, owner: str, series: list[Series], splits: list[SplitEnds], period: int, in_sample: Split) -> None:
        """Compute all statistics.

        Args:
            owner: the data set, or the user's file.
            series: all series.
            splits: of each series.
            period: time steps of a season.
            in_sample: seasonal errors are computed up to the end of this split.

        Raises:
            InputError: a training split without observed values, or with constant ones.
        """
        self.period = period
        pairs = [*zip(series, splits, strict=True)]
        self.fitted = {one.name: self._fit(owner, one, ends.train, ends.span(in_sample)[1]) for one, ends in pairs}
        for name in COVARIATES:
            train = [
                part(one, name)[None] if name == "static" else part(one, name)[: ends.train] for one, ends in pairs
            ]
            self.covariates[name] = CovariateScale.of(train)
        starts = [one.start for one in series if one.start is not None]
        self.first_start = min(starts) if len(starts) == len(series) else None

    def window_maker(self, owner: str, series: list[Series]) -> WindowMaker:
        """Apply the fitted statistics to series and return a `WindowMaker`, which cuts their windows.

        For a series that `fit` has not seen, the statistics are computed on all its steps, and its index is 0.
        """
        indices = {name: index for index, name in enumerate(self.fitted)}
        fitted = [
            self.fitted.get(one.name) or self._fit(owner, one, len(one.values), len(one.values)) for one in series
        ]
        return WindowMaker(
            SeriesStore.of(series, fitted, self.covariates, [self._features(one) for one in series]),
            policy(self.missing, self.marker),
            horizon=self.horizon,
            numbers=[indices.get(one.name, 0) for one in series],
            series=len(indices),
            marks=self.marks,
            since=self.since,
            lags=tuple(self.lags),
            scaling=self.scaling,
        )

    def _fit(self, owner: str, series: Series, train: int, in_sample: int) -> Fitted:
        """Statistics of the first `train` steps of a series, and its seasonal error over the first `in_sample`."""
        season_error = season_errors(series.values[:in_sample], self.period)
        imputation = policy(self.missing, self.marker)
        return fit(f"{owner}: series {series.name!r}", series.values[:train], season_error, self.scaling, imputation)

    def _features(self, series: Series) -> Numbers:
        """Calendar and Fourier features (N, F) of each step."""
        begin = steps_after(series, self.first_start)
        season = fourier_features(len(series.values), self.fourier, self.period, begin)
        return np.hstack([part(series, "values")[:, :0], *calendar_features(series, self.calendar), *season])
