"""Macroeconomic indicators of the United States, quarterly, 1959 to 2009."""

from typing import Any

from unrolled.data.forecasting.series import Series
from unrolled.data.forecasting.series_data import SeriesData
from unrolled.errors import InputError
from unrolled.suggestions import expected

COLUMNS = (
    *("realgdp", "realcons", "realinv", "realgovt", "realdpi", "cpi", "m1", "tbilrate", "unemp", "pop", "infl"),
    "realint",
)


class Macro(SeriesData):
    """203 quarters of twelve indicators, each a univariate series: output, prices, money, interest, unemployment.

    Source: statsmodels' `macrodata` (public domain), from the Federal Reserve Bank of St. Louis and others.

    Args:
        columns: names of the indicators in statsmodels; null: all.
        horizon: quarters to forecast.
        context: quarters before the forecast.
    """

    period = 4  # quarters

    def __init__(self, *, columns: list[str] | None = None, horizon: int = 8, context: int = 24, **kwargs: Any) -> None:
        super().__init__(horizon=horizon, context=context, **kwargs)
        self.columns = columns or [*COLUMNS]
        for name in self.columns:
            if name not in COLUMNS:
                raise InputError(f"data.init_args.columns: {expected(name, COLUMNS)}")

    def load(self) -> list[Series]:
        import pandas as pd  # type: ignore[import-untyped]
        from statsmodels.datasets import macrodata  # type: ignore[import-untyped]

        table, start = macrodata.load_pandas().data, pd.Timestamp(1959, 1, 1)
        return [Series(name, table[[name]].to_numpy(float), start=start, frequency="QS") for name in self.columns]
