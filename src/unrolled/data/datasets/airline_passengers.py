"""International airline passengers, monthly, 1949 to 1960."""

from typing import Any

from unrolled.data.files.archives import download_csv, read_csv
from unrolled.data.files.download import RemoteFile
from unrolled.data.forecasting.series import Series
from unrolled.data.forecasting.series_data import SeriesData

FILE = RemoteFile(
    "https://raw.githubusercontent.com/jbrownlee/Datasets/d20fcb6402ae34e653d4513b00f39257bb37ed7f/"
    "airline-passengers.csv",
    "small_series/airline-passengers.csv",
    "8cb51be753a718d9be5d76d7e238cc224792754676adc21faa59e954b0201621",
    2180,
)


class AirlinePassengers(SeriesData):
    """144 months, in thousands: a rising trend and a season that grows with it; no missing values.

    Read from the data folder or downloaded once (2 kB).

    Source: Box & Jenkins 1976, "Time series analysis: forecasting and control", series G.

    Args:
        horizon: months to forecast.
        context: months before the forecast.
    """

    period = 12  # months

    def __init__(self, *, horizon: int = 12, context: int = 24, **kwargs: Any) -> None:
        super().__init__(horizon=horizon, context=context, **kwargs)

    def prepare_data(self) -> None:
        """Download the file, on one process per machine."""
        download_csv(FILE)

    def load(self) -> list[Series]:
        table = read_csv(FILE, parse_dates=["Month"])
        return [Series("passengers", table[["Passengers"]].to_numpy(float), None, None, None, table["Month"][0], "MS")]
