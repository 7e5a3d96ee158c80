"""Series made up for the tests of forecasting data: unequal lengths and starts, gaps, every kind of covariate."""

import numpy as np
import pandas as pd

from unrolled.data.forecasting.series import Series
from unrolled.data.forecasting.series_data import SeriesData

C, H, PERIOD = 7, 3, 4
LENGTHS, LATE = (60, 44, 52), (0, 5, 2)  # time steps, and by how many each series starts behind the first
SMALL = {"horizon": H, "context": C, "batch_size": 6, "batches": 5, "eval_batch_size": 4}


def made(outputs=1, gaps=True, covariates=True, seed=3, share=0.25):
    """Three series by the day; the second one starts with a gap."""
    random = np.random.default_rng(seed)
    series = []
    for place, (length, late) in enumerate(zip(LENGTHS, LATE, strict=True)):
        steps = np.arange(length)[:, None]
        values = (
            10.0 * place + np.sin(steps / 2 + np.arange(outputs)) * (1 + place) + random.normal(size=(length, outputs))
        )
        if gaps:
            values = np.round(values, 1)  # so that there is a most frequent one
            values[random.random((length, outputs)) < share] = np.nan
            values[20:24] = np.nan
            if place == 1:
                values[:3] = np.nan
        known, past = random.normal(size=(length, 2)), random.normal(5.0, 2.0, size=(length, 2))
        past[random.random(past.shape) < 0.1] = np.nan
        start = pd.Timestamp(2024, 2, 20) + pd.Timedelta(days=late)
        more = (known, past, np.array([place, place**2.0])) if covariates else (None, None, None)
        series.append(Series("abc"[place], values, *more, start, "D"))
    return series


class Made(SeriesData):
    period = PERIOD

    def __init__(self, *, series=None, **kwargs):
        super().__init__(**kwargs)
        self.given = made() if series is None else series

    def load(self):
        return self.given


def make(**given):
    data = Made(**SMALL | given)
    data.setup("fit")
    return data
