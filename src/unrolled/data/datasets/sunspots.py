"""Yearly sunspot numbers, 1700 to 2008."""

from unrolled.data.forecasting.series import Series
from unrolled.data.forecasting.series_data import SeriesData


class Sunspots(SeriesData):
    """309 yearly means of the sunspot number, with a cycle of about eleven years; no missing values.

    Source: statsmodels' `sunspots` (public domain), from the National Geophysical Data Center.
    """

    period = 11  # years

    def load(self) -> list[Series]:
        import pandas as pd  # type: ignore[import-untyped]
        from statsmodels.datasets import sunspots  # type: ignore[import-untyped]

        values = sunspots.load_pandas().data[["SUNACTIVITY"]].to_numpy(float)
        return [Series("sunspots", values, start=pd.Timestamp(1700, 1, 1), frequency="YS")]
