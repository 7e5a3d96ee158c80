"""The hourly series of the M4 competition."""

from typing import Any

import numpy as np
import torch
from torch import Tensor

from unrolled.data.files.archives import download_csv, read_csv
from unrolled.data.files.download import RemoteFile
from unrolled.data.forecasting.baselines import Forecast, Origins
from unrolled.data.forecasting.series import Series
from unrolled.data.forecasting.series_data import SeriesData
from unrolled.functional.forecasting.baselines import naive2
from unrolled.functional.forecasting.scores import scales

SITE = "https://raw.githubusercontent.com/Mcompetitions/M4-methods/master/Dataset"
TRAIN = RemoteFile(
    f"{SITE}/Train/Hourly-train.csv",
    "m4_hourly/Hourly-train.csv",
    "ea59b7783573c49077a835ab6465c7d66f1474783360f310988a9a737fbca62f",
    2347115,
)
TEST = RemoteFile(
    f"{SITE}/Test/Hourly-test.csv",
    "m4_hourly/Hourly-test.csv",
    "71a57fccb15e534d973626ada4fb87febf789e9317715b7cc6dd3b5f90db6f42",
    132820,
)


class M4Hourly(SeriesData):
    """414 series of 700 or 960 hours from many fields, and the 48 hours after each as the test.

    The 48 hours before the test are for validation.  The times of the steps are not published.  As in the competition,
    MASE uses the seasonal errors of all hours before the test, and the baselines include Naive2, the reference of OWA.
    Read from the data folder or downloaded once (2.5 MB).

    Source: Makridakis, Spiliotis & Assimakopoulos 2020, "The M4 competition: 100,000 time series and 61 forecasting
    methods".

    Args:
        horizon: hours to forecast.
        context: hours before the forecast.
        valid_steps: hours before the test for validation.
        test_steps: hours at the end of each series for the test.
    """

    period = 24  # hours
    in_sample = "valid"

    def __init__(
        self,
        *,
        horizon: int = 48,
        context: int = 168,
        valid_steps: int | None = 48,
        test_steps: int | None = 48,
        **kwargs: Any,
    ) -> None:
        super().__init__(horizon=horizon, context=context, valid_steps=valid_steps, test_steps=test_steps, **kwargs)

    def prepare_data(self) -> None:
        """Download the files, on one process per machine."""
        for file in (TRAIN, TEST):
            download_csv(file)

    def load(self) -> list[Series]:
        train, test = (read_csv(file, index_col=0) for file in (TRAIN, TEST))
        rows = {name: row[~np.isnan(row)] for name, row in zip(train.index, train.to_numpy(float), strict=True)}
        return [Series(name, np.concatenate([row, test.loc[name]])[:, None]) for name, row in rows.items()]

    def baseline_forecasts(self) -> dict[str, Forecast]:
        """The common baselines and Naive2."""
        return super().baseline_forecasts() | {"naive2": self._naive2}

    def _naive2(self, origins: Origins) -> Tensor:
        """Naive2 (B, H, 1) on the scale of the origins, from the full history before each origin."""
        ends = ((index, begin + self.context) for index, begin in origins.places.tolist())
        histories = [torch.from_numpy(self.series[index].values[:end, 0]) for index, end in ends]
        forecasts = torch.stack([naive2(history, self.horizon, self.period) for history in histories])
        level, scale, _, _ = scales(origins.rows)
        return (forecasts[..., None] - level) / scale
