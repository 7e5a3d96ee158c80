"""Naive2 against statsmodels' autocorrelations and decomposition, and by hand."""

import numpy as np
import pytest
import torch
from statsmodels.tsa.seasonal import seasonal_decompose
from statsmodels.tsa.stattools import acf

from unrolled.functional.forecasting.baselines import is_seasonal, naive2, seasonal_indices


def wave(n, period, strength=0.5, seed=0):
    random = np.random.default_rng(seed)
    steps = np.arange(n)
    return (10 + 0.05 * steps) * (1 + strength * np.sin(2 * np.pi * steps / period)) + random.uniform(size=n)


@pytest.mark.parametrize("period", [2, 7, 12, 24])
@pytest.mark.parametrize("extra", [0, 1, 5])
def test_the_season_of_statsmodels(period, extra):
    numbers = wave(5 * period + extra, period)
    expected = seasonal_decompose(numbers, model="multiplicative", period=period).seasonal[:period]
    found = seasonal_indices(torch.from_numpy(numbers), period)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("period", [4, 7, 24])
@pytest.mark.parametrize("horizon", [1, 30])
def test_a_seasonal_history(period, horizon):
    numbers = wave(6 * period + 3, period)
    season = seasonal_decompose(numbers, model="multiplicative", period=period).seasonal
    expected = numbers[-1] / season[-1] * np.resize(season[-period:], horizon)
    np.testing.assert_allclose(naive2(torch.from_numpy(numbers), horizon, period).numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_the_test_at_90_per_cent(seed):
    """Strengths about the border, by statsmodels' autocorrelations."""
    found = []
    for strength in np.linspace(0.0, 0.1, 9):
        numbers = wave(40, 4, strength, seed) - 0.05 * np.arange(40) * 1.0
        r = acf(numbers, nlags=4, fft=False)[1:]
        limit = 1.645 * np.sqrt((1 + 2 * (r[:3] ** 2).sum()) / 40)
        found.append(is_seasonal(torch.from_numpy(numbers), 4))
        assert found[-1] == (abs(r[3]) > limit)
    assert {*found} == {True, False}


def test_without_a_season_it_is_the_last_value():
    short, still = torch.from_numpy(wave(11, 4)), torch.full((40,), 3.0, dtype=torch.float64)
    noise = torch.from_numpy(np.random.default_rng(1).uniform(1, 2, 60))
    for history, period in ((short, 4), (still, 4), (noise, 4), (noise, 1)):
        assert naive2(history, 3, period).tolist() == [float(history[-1])] * 3
