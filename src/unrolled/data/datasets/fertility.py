"""Births per woman by country, yearly, 1960 to 2011."""

from typing import Any

import numpy as np

from unrolled.data.forecasting.series import Series
from unrolled.data.forecasting.series_data import SeriesData

LEAST = 10  # different values of a country in its training split


class Fertility(SeriesData):
    """52 years of about 200 countries, each a series; many have gaps, of years or of decades.

    Countries with fewer than ten different values in the training split are dropped.

    Source: statsmodels' `fertility`, from the World Bank's World Development Indicators (CC BY 4.0).

    Args:
        horizon: years to forecast.
        context: years before the forecast.
        valid_steps: years before the test for validation.
        test_steps: years at the end for the test.
    """

    period = 1  # year: there is no season

    def __init__(
        self,
        *,
        horizon: int = 5,
        context: int = 15,
        valid_steps: int | None = 8,
        test_steps: int | None = 8,
        **kwargs: Any,
    ) -> None:
        super().__init__(horizon=horizon, context=context, valid_steps=valid_steps, test_steps=test_steps, **kwargs)

    def load(self) -> list[Series]:
        import pandas as pd  # type: ignore[import-untyped]
        from statsmodels.datasets import fertility  # type: ignore[import-untyped]

        table = fertility.load_pandas().data.set_index("Country Name")
        years = [year for year in table.columns if year.isdigit() and table[year].notna().any()]  # 2012, 2013: none
        start, end = pd.Timestamp(int(years[0]), 1, 1), self.time_split.ends(len(years)).train
        rows = zip(table.index, table[years].to_numpy(float), strict=True)
        return [
            Series(name, row[:, None], start=start, frequency="YS")
            for name, row in rows
            if len(np.unique(row[:end][~np.isnan(row[:end])])) >= LEAST
        ]
