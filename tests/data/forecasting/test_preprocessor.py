"""Preprocessor without a data module: statistics of the training split alone, applied to other series."""

import numpy as np
import torch

from conformance.forecast_series import PERIOD, C, H, made
from unrolled.data.forecasting.preprocessor import Preprocessor
from unrolled.data.forecasting.time_split import SplitEnds, TimeSplit

SPLIT = TimeSplit(0.25, 0.25, None, None, None)


def fitted(series, splits=None):
    preprocessor = Preprocessor(
        horizon=H,
        missing="median",
        marker=-1.0,
        scaling="standard",
        marks=True,
        since=True,
        calendar=["weekday"],
        fourier=1,
        lags=[H],
    )
    splits = splits or [SPLIT.split("test", one, C, H) for one in series]
    preprocessor.fit("test", series, splits, PERIOD, "train")
    return preprocessor


def test_statistics_are_those_of_the_training_split():
    series = made(2)
    found = fitted(series).fitted
    for one in series:
        train = one.values[: round(len(one.values) / 2)]
        np.testing.assert_allclose(found[one.name].mean, np.nanmean(train, 0), rtol=1e-12)
        np.testing.assert_allclose(found[one.name].scale, np.nanstd(train, 0), rtol=1e-12)
        np.testing.assert_allclose(found[one.name].fill, np.nanmedian(train, 0), rtol=1e-12)


def test_an_unseen_series_is_fitted_to_all_of_its_steps():
    series = made()
    train, unseen = series[:2], series[2]
    other = fitted(train).window_maker("test", [train[0], unseen])
    everything = SplitEnds(*[len(unseen.values)] * 3)
    alone = fitted([unseen], [everything]).fitted[unseen.name]
    assert torch.equal(other.store.fitted["mean"][1], torch.tensor(alone.mean))
    assert other.numbers.tolist() == [0, 0] and other.channels["series"] == 2
