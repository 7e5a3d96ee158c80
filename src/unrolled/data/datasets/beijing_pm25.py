"""Fine dust in the air of Beijing, and the weather, by the hour, 2010 to 2014."""

from typing import Any

import numpy as np

from unrolled.data.files.archives import download_csv, read_csv
from unrolled.data.files.download import RemoteFile
from unrolled.data.forecasting.series import Series
from unrolled.data.forecasting.series_data import SeriesData

FILE = RemoteFile(
    "https://raw.githubusercontent.com/jbrownlee/Datasets/d20fcb6402ae34e653d4513b00f39257bb37ed7f/pollution.csv",
    "beijing_pm25/PRSA_data_2010.1.1-2014.12.31.csv",
    "892e9559205d16d32623135c127a3951c12e46ea1e0b3093e107ce89a9fd60e2",
    2010492,
)
WEATHER = ("DEWP", "TEMP", "PRES", "Iws", "Is", "Ir")  # dew point, temperature, pressure, hours of wind, snow and rain
WINDS = ("NE", "NW", "SE", "cv")  # cv: calm and variable


class BeijingPM25(SeriesData):
    """43,824 hours of PM2.5 in micrograms per cubic metre, of which 2,067 are missing, some for days.

    The weather is a past covariate: dew point, temperature, pressure, wind, snow and rain, and the direction of the
    wind, one-hot encoded (4 categories).  Read from the data folder or downloaded once (2.0 MB, CC BY 4.0).

    Source: Liang et al. 2015, "Assessing Beijing's PM2.5 pollution: severity, weather impact, APEC and winter heating";
    UCI.

    Args:
        weather: use the weather as past covariates.
        context: hours before the forecast.
    """

    period = 24  # hours

    def __init__(self, *, weather: bool = True, context: int = 96, **kwargs: Any) -> None:
        super().__init__(context=context, **kwargs)
        self.weather = weather

    def prepare_data(self) -> None:
        """Download the file, on one process per machine."""
        download_csv(FILE)

    def load(self) -> list[Series]:
        import pandas as pd  # type: ignore[import-untyped]

        table = read_csv(FILE, na_values=["NA"])
        past = np.hstack([table[[*WEATHER]].to_numpy(float), one_hot(table["cbwd"], WINDS)]) if self.weather else None
        values = table[["pm2.5"]].to_numpy(float)
        return [Series("PM2.5", values, past=past, start=pd.Timestamp(2010, 1, 1), frequency="h")]


def one_hot(column: Any, categories: tuple[str, ...]) -> Any:
    """One-hot encoding (N, categories); nan in rows without a category."""
    encoded = np.stack([(column == category).to_numpy(float) for category in categories], 1)
    encoded[column.isna().to_numpy()] = np.nan
    return encoded
