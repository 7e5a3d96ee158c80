"""What of series is fitted to their training parts, and nowhere else."""

from typing import Any, get_args

from unrolled.data.forecasting.missing_values import Missing, policy
from unrolled.data.forecasting.scaling import CovariateScale, Fitted, Scaling, fit, season_errors
from unrolled.data.forecasting.series import Series, part
from unrolled.data.forecasting.series_store import COVARIATES
from unrolled.data.forecasting.time_split import Borders, SeriesParts
from unrolled.errors import InputError
from unrolled.suggestions import expected


class SeriesFits(SeriesParts):
    """On which scale the numbers of series are read, and what stands where one is missing.

    Args:
        missing: what stands where nothing was observed.  forward_fill: the last number; linear: a line through each gap
            that ends inside the context; mean, median, mode: of the series' training part; marker: one number; drop:
            windows with a missing input are left out.
        marker: the number of missing: marker, on the scale of the inputs.
        scaling: of each series.  standard: by mean and standard deviation; mean_absolute: by the mean of |x|; instance:
            each window by the mean and the deviation of its own context; last_value: each window around the last number
            of its context, by the standard deviation of the series.
    """

    def __init__(
        self, *, missing: Missing = "forward_fill", marker: float = -1.0, scaling: Scaling = "standard", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.missing, self.marker, self.scaling = missing, marker, scaling
        self.fitted: dict[str, Fitted] = {}  # by the name of the series; after `fit`, like all that follows
        self.scales: dict[str, CovariateScale] = {}
        self.first_start: Any = None  # of all series

    def check_arguments(self) -> None:
        super().check_arguments()
        policy(self.missing, self.marker)
        scalings = get_args(Scaling)
        if self.scaling not in scalings:
            raise InputError(f"data.init_args.scaling: {expected(self.scaling, scalings)}")

    def fit(self, series: list[Series], borders: list[Borders]) -> None:
        """Fit everything to the training parts of series divided at `borders`."""
        parts = [(one, border.train) for one, border in zip(series, borders, strict=True)]
        self.fitted = {
            one.name: self.fit_one(self.owner, one, border.train, border.of(self.in_sample)[1])
            for one, border in zip(series, borders, strict=True)
        }
        self.scales = {name: CovariateScale.of([part(one, name)[:end] for one, end in parts]) for name in COVARIATES}
        self.scales["static"] = CovariateScale.of([part(one, "static")[None] for one in series])
        starts = [one.start for one in series if one.start is not None]
        self.first_start = min(starts) if len(starts) == len(series) else None

    def fit_one(self, owner: str, series: Series, train: int, in_sample: int) -> Fitted:
        """What the steps of one series up to `train` say, and of its season those up to `in_sample`."""
        season_error = season_errors(series.values[:in_sample], self.period)
        filling = policy(self.missing, self.marker)
        return fit(f"{owner}: series {series.name!r}", series.values[:train], season_error, self.scaling, filling)
