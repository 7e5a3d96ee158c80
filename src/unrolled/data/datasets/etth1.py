"""ETTh1: oil temperature and six loads of an electricity transformer, hourly."""

from typing import Any, Literal

from unrolled.data.files.archives import download_csv, read_csv
from unrolled.data.files.download import RemoteFile
from unrolled.data.forecasting.series import Series
from unrolled.data.forecasting.series_data import SeriesData
from unrolled.errors import InputError
from unrolled.suggestions import expected

FILE = RemoteFile(
    "https://raw.githubusercontent.com/zhouhaoyi/ETDataset/main/ETT-small/ETTh1.csv",
    "ETTh1/ETTh1.csv",
    "f18de3ad269cef59bb07b5438d79bb3042d3be49bdeecf01c1cd6d29695ee066",
    2589657,
)
COLUMNS = ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")


class ETTh1(SeriesData):
    """17,420 hours from July 2016, no missing values; the splits are the first 12, 4 and 4 months of 30 days.

    Read from the data folder or downloaded once (2.6 MB, CC BY-ND 4.0).

    Source: Zhou et al. 2021, "Informer: beyond efficient transformer for long sequence time-series forecasting".

    Args:
        columns: to forecast: OT is the oil temperature; HUFL, HULL, MUFL, MULL, LUFL, LULL are loads.
        channels: independent: each column is a separate univariate series, all for one model; mixed: one multivariate
            series; past: forecast the first column, with the others as past covariates.
        context: hours before the forecast.
        train_steps: hours for training.
        valid_steps: hours after them for validation.
        test_steps: hours after those for the test.
    """

    period = 24  # hours

    def __init__(
        self,
        *,
        columns: list[str] | None = None,
        channels: Literal["independent", "mixed", "past"] = "independent",
        context: int = 96,
        train_steps: int | None = 8640,
        valid_steps: int | None = 2880,
        test_steps: int | None = 2880,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            context=context, train_steps=train_steps, valid_steps=valid_steps, test_steps=test_steps, **kwargs
        )
        self.columns, self.channels = columns or ["OT"], channels
        for name in self.columns:
            if name not in COLUMNS:
                raise InputError(f"data.init_args.columns: {expected(name, COLUMNS)}")
        if channels not in (kinds := ("independent", "mixed", "past")):
            raise InputError(f"data.init_args.channels: {expected(channels, kinds)}")

    def prepare_data(self) -> None:
        """Download the file, on one process per machine."""
        download_csv(FILE)

    def load(self) -> list[Series]:
        table = read_csv(FILE, parse_dates=["date"])
        numbers, start = table[self.columns].to_numpy(float), table["date"][0]
        if self.channels == "mixed":
            return [Series("ETTh1", numbers, start=start, frequency="h")]
        if self.channels == "past":
            return [Series(self.columns[0], numbers[:, :1], past=numbers[:, 1:], start=start, frequency="h")]
        return [
            Series(name, numbers[:, [place]], start=start, frequency="h") for place, name in enumerate(self.columns)
        ]
