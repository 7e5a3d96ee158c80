"""Carbon dioxide in the air above Mauna Loa, Hawaii, 1958 to 2001."""

from typing import Any, Literal

from unrolled.data.forecasting.series import Series
from unrolled.data.forecasting.series_data import SeriesData
from unrolled.errors import InputError

SEASON = {"month": 12, "week": 52}


class CO2(SeriesData):
    """Parts per million: a yearly season on a rising trend, with gaps.

    Monthly: 526 means over the weeks of a calendar month; the five months without any week (June and October 1958,
    February to April 1964) are missing.  Weekly: 2,284 weeks that end on a Saturday, of which 59 are missing.

    Source: statsmodels' `co2` (public domain), from Keeling & Whorf 2004, "Atmospheric CO2 concentrations derived from
    flask air samples at sites in the SIO network".

    Args:
        step: month or week.
    """

    def __init__(self, *, step: Literal["month", "week"] = "month", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if step not in SEASON:
            raise InputError(f"data.init_args.step: expected month or week, got {step!r}")
        self.step, self.period = step, SEASON[step]

    def load(self) -> list[Series]:
        from statsmodels.datasets import co2  # type: ignore[import-untyped]

        weeks = co2.load_pandas().data["co2"]
        values = weeks.resample("MS").mean() if self.step == "month" else weeks.asfreq("W-SAT")
        return [Series("co2", values.to_numpy(float)[:, None], None, None, None, values.index[0], values.index.freqstr)]
