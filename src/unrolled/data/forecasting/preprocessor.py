"""What a model reads of series beside their numbers."""

from typing import Any

import numpy as np

from unrolled.data.files.columns import Numbers
from unrolled.data.forecasting.calendar_features import Calendar, calendar_features, fourier_features, late
from unrolled.data.forecasting.missing_values import policy
from unrolled.data.forecasting.series import Series, part
from unrolled.data.forecasting.series_fits import SeriesFits
from unrolled.data.forecasting.series_store import SeriesStore
from unrolled.data.forecasting.windows import WindowMaker
from unrolled.errors import InputError


class SeriesInputs(SeriesFits):
    """What is missing, the time, the season, and numbers of long before.

    Args:
        marks: whether the model reads of each number if it was observed.
        since: whether it reads for how many time steps none was.
        hide_share: of the observed inputs of training, read at random as if they were missing.
        hide_over: training batches over which that share grows from 0; 0: it is whole at once.
        calendar: what the model reads of the time of the step to be forecast: minute, hour, weekday, day, day_of_year,
            week, month, quarter, each as a sine and a cosine.
        fourier: how many harmonics of the season it reads of that step.
        lags: how many time steps before that step lie the numbers that it reads as well; the horizon at least, so that
            they are known.
    """

    def __init__(
        self,
        *,
        marks: bool = False,
        since: bool = False,
        hide_share: float = 0.0,
        hide_over: int = 0,
        calendar: list[Calendar] | None = None,
        fourier: int = 0,
        lags: list[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.marks, self.since = marks, since
        self.hide_share, self.hide_over = hide_share, hide_over
        self.calendar, self.fourier, self.lags = calendar or [], fourier, lags or []

    def check_arguments(self) -> None:
        super().check_arguments()
        self.at_least(hide_over=0, fourier=0)
        if not 0 <= self.hide_share < 1:
            raise InputError(f"data.init_args.hide_share: expected a share in [0, 1), got {self.hide_share}")
        if self.hide_share and self.missing == "drop":
            raise InputError("data.init_args.missing: drop fills nothing, so nothing can be hidden; choose another")
        if 2 * self.fourier > self.period:
            told = f"expected at most {self.period // 2}, half a season of {self.period} time steps, got {self.fourier}"
            raise InputError(f"data.init_args.fourier: {told}")
        if early := [lag for lag in self.lags if lag < self.horizon]:
            told = f"expected lags of at least the horizon, {self.horizon} time steps, got {early[0]}"
            raise InputError(f"data.init_args.lags: {told}: it would be read before it is known")

    def window_maker(self, owner: str, series: list[Series]) -> WindowMaker:
        """What cuts windows of series of `owner`.

        One that was not trained on is fitted to all of its steps, and numbered 0.
        """
        numbers = {name: number for number, name in enumerate(self.fitted)}
        fitted = [self.fitted.get(one.name) or self.fit_one(owner, one, *[len(one.values)] * 2) for one in series]
        features = [self._features(one, late(one, self.first_start)) for one in series]
        return WindowMaker(
            SeriesStore.of(series, fitted, self.scales, features),
            policy(self.missing, self.marker),
            horizon=self.horizon,
            numbers=[numbers.get(one.name, 0) for one in series],
            series=len(numbers),
            marks=self.marks,
            since=self.since,
            lags=tuple(self.lags),
            scaling=self.scaling,
        )

    def _features(self, series: Series, begin: int) -> Numbers:
        """Calendar and season of each step (N, F)."""
        season = fourier_features(len(series.values), self.fourier, self.period, begin)
        return np.hstack([part(series, "values")[:, :0], *calendar_features(series, self.calendar), *season])
