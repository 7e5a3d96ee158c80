"""Yearly sunspot numbers, 1700 to 2008."""

import torch
from torch import Tensor

from unrolled.data.series import SeriesData


class Sunspots(SeriesData):
    """309 yearly means of the sunspot number, which rises and falls in about eleven years; none is missing.

    Source: statsmodels' `sunspots` (public domain), from the National Geophysical Data Center.
    """

    period = 11  # years

    def load(self) -> Tensor:
        from statsmodels.datasets import sunspots  # type: ignore[import-untyped]

        return torch.tensor(sunspots.load_pandas().data["SUNACTIVITY"].to_numpy(), dtype=torch.float64)
