"""What a model reads of series beside their numbers, and on which scale."""

from typing import Any, get_args

from unrolled.data.calendar_features import Calendar, calendar_features, fourier_features, late
from unrolled.data.missing import Missing, policy
from unrolled.data.one_series import Numbers, Series, part
from unrolled.data.series_parts import Borders, SeriesParts
from unrolled.data.series_scale import CovariateScale, Fitted, Scaling, fit, season_errors
from unrolled.data.series_store import COVARIATES, SeriesStore
from unrolled.data.series_windows import WindowMaker
from unrolled.errors import InputError
from unrolled.nearest import expected


class SeriesInputs(SeriesParts):
    """Everything that is fitted is fitted to the training part alone.

    Args:
        missing: what stands where nothing was observed.  forward_fill: the last number; linear: a line through each gap
            that ends inside the context; mean, median, mode: of the series' training part; marker: one number; drop:
            windows with a missing input are left out.
        marker: the number of missing: marker, on the scale of the inputs.
        marks: whether the model reads of each number if it was observed.
        since: whether it reads for how many time steps none was.
        hide_share: of the observed inputs of training, read at random as if they were missing.
        hide_over: training batches over which that share grows from 0; 0: it is whole at once.
        scaling: of each series.  standard: by mean and standard deviation; mean_absolute: by the mean of |x|; instance:
            each window by the mean and the deviation of its own context; last_value: each window around the last number
            of its context, by the standard deviation of the series.
        calendar: what the model reads of the time of the step to be forecast: minute, hour, weekday, day, day_of_year,
            week, month, quarter, each as a sine and a cosine.
        fourier: how many harmonics of the season it reads of that step.
        lags: how many time steps before that step lie the numbers that it reads as well; the horizon at least, so that
            they are known.
    """

    def __init__(
        self,
        *,
        missing: Missing = "forward_fill",
        marker: float = -1.0,
        marks: bool = False,
        since: bool = False,
        hide_share: float = 0.0,
        hide_over: int = 0,
        scaling: Scaling = "standard",
        calendar: list[Calendar] | None = None,
        fourier: int = 0,
        lags: list[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.missing, self.marker, self.marks, self.since = missing, marker, marks, since
        self.hide_share, self.hide_over = hide_share, hide_over
        self.fitted: dict[str, Fitted] = {}  # by the name of the series; after `fit`, like all that follows
        self.scales: dict[str, CovariateScale] = {}
        self.first_start: Any = None  # of all series
        self.scaling, self.calendar, self.fourier, self.lags = scaling, calendar or [], fourier, lags or []

    def check_arguments(self) -> None:
        super().check_arguments()
        policy(self.missing, self.marker)
        scalings = get_args(Scaling)
        if self.scaling not in scalings:
            raise InputError(f"data.init_args.scaling: {expected(self.scaling, scalings)}")
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

    def fit(self, series: list[Series], borders: list[Borders]) -> None:
        """Fit everything to the training parts of series divided at `borders`."""
        parts = [(one, border.train) for one, border in zip(series, borders, strict=True)]
        self.fitted = {
            one.name: self.fit_one(one, border.train, border.of(self.in_sample)[1])
            for one, border in zip(series, borders, strict=True)
        }
        self.scales = {name: CovariateScale.of([part(one, name)[:end] for one, end in parts]) for name in COVARIATES}
        self.scales["static"] = CovariateScale.of([part(one, "static")[None] for one in series])
        starts = [one.start for one in series if one.start is not None]
        self.first_start = min(starts) if len(starts) == len(series) else None

    def fit_one(self, series: Series, train: int, in_sample: int) -> Fitted:
        """What the steps of one series up to `train` say, and of its season those up to `in_sample`."""
        season_error = season_errors(series.values[:in_sample], self.period)
        where, filling = f"{type(self).__name__}: series {series.name!r}", policy(self.missing, self.marker)
        return fit(where, series.values[:train], season_error, self.scaling, filling)

    def window_maker(self, series: list[Series]) -> WindowMaker:
        """What cuts windows of series; one that was not trained on is fitted to all of its steps, and numbered 0."""
        numbers = {name: number for number, name in enumerate(self.fitted)}
        fitted = [self.fitted.get(one.name) or self.fit_one(one, *[len(one.values)] * 2) for one in series]
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
        import numpy as np

        season = fourier_features(len(series.values), self.fourier, self.period, begin)
        return np.hstack([part(series, "values")[:, :0], *calendar_features(series, self.calendar), *season])
