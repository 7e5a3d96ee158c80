"""Carbon dioxide in the air above Mauna Loa, Hawaii, 1958 to 2001."""

import torch
from torch import Tensor

from unrolled.data.series import SeriesData


class CO2(SeriesData):
    """526 monthly means in parts per million: a season of twelve months on a rising trend.

    The weekly values are averaged by calendar month; 59 of 2,284 weeks are missing, and the five months that lack every
    week (June and October 1958, February to April 1964) are filled linearly between their neighbours.

    Source: statsmodels' `co2` (public domain), from Keeling & Whorf 2004, "Atmospheric CO2 concentrations derived from
    flask air samples at sites in the SIO network".
    """

    period = 12  # months

    def load(self) -> Tensor:
        from statsmodels.datasets import co2  # type: ignore[import-untyped]

        months = co2.load_pandas().data["co2"].resample("MS").mean()
        return torch.tensor(months.interpolate("linear").to_numpy(), dtype=torch.float64)
