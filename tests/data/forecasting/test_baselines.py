"""The errors of the baselines by formulas written out, and their forecasts by other libraries."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge
from statsmodels.tsa.statespace.sarimax import SARIMAX

from conformance.forecast_series import PERIOD, C, H, made, make
from unrolled.data.forecasting.baselines import PENALTIES


def windows(series, split):
    """(series, first step to be forecast) of each origin, by the default fractions."""
    for index, one in enumerate(series):
        half, last = round(len(one.values) / 2), round(len(one.values) * 0.75)
        begin, end = {"train": (C, half), "valid": (half, last), "test": (last, len(one.values))}[split]
        for target in range(begin, end - H + 1):
            if not np.isnan(one.values[target : target + H]).all():
                yield index, target


def standardised(series, o):
    """Of each series the numbers on the scale of its training part, the same without gaps, mean and deviation."""
    for one in series:
        column = pd.Series(one.values[:, o])
        train = column[: round(len(column) / 2)]
        yield (
            (column.to_numpy() - train.mean()) / train.std(ddof=0),
            (column.ffill().fillna(train.mean()).to_numpy() - train.mean()) / train.std(ddof=0),
            train.mean(),
            train.std(ddof=0),
        )


def ridge(series, o):
    """The linear map, by scikit-learn; the penalty that validation likes best."""
    scaled = [*standardised(series, o)]

    def pairs(split):
        rows = [(scaled[n][1][t - C : t], scaled[n][0][t : t + H]) for n, t in windows(series, split)]
        return (np.array(part) for part in zip(*rows, strict=True))

    def predict(models, contexts):
        level = contexts[:, -1:]
        return np.stack([model.predict(contexts[:, :-1] - level) for model in models], 1) + level

    train, ahead = pairs("train")
    found = {}
    for penalty in PENALTIES:
        models = []
        for h in range(H):
            known = ~np.isnan(ahead[:, h])
            level = train[known, -1:]
            models.append(
                Ridge(penalty, solver="cholesky").fit(train[known, :-1] - level, ahead[known, h] - level[:, 0])
            )
        contexts, truth = pairs("valid")
        found[penalty] = (predict(models, contexts) - truth), models
    return found, predict


@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize("policy", ["forward_fill", "marker"])
@pytest.mark.parametrize("split", ["valid", "test"])
def test_every_error_of_every_baseline(split, policy, outputs):
    series = made(outputs)
    data = make(series=series, missing=policy, scaling="instance")
    maps = [ridge(series, o) for o in range(outputs)]
    best = min(PENALTIES, key=lambda p: np.nanmean(np.concatenate([found[p][0] for found, _ in maps]) ** 2))
    heard = {name: [] for name in ("naive", "seasonal naive", "linear")}
    for o in range(outputs):
        scaled, (found, predict) = [*standardised(series, o)], maps[o]
        for index, target in windows(series, split):
            truth, filled, mean, deviation = scaled[index]
            context = filled[target - C : target]
            seasons = np.abs(series[index].values[PERIOD:, o] - series[index].values[:-PERIOD, o])
            season = np.nanmean(seasons[: round(len(truth) / 2) - PERIOD])
            forecasts = {
                "naive": [context[-1]] * H,
                "seasonal naive": [context[C - PERIOD + h % PERIOD] for h in range(H)],
                "linear": predict(found[best][1], context[None])[0],
            }
            for name, forecast in forecasts.items():
                for h in range(H):
                    x, f = truth[target + h] * deviation + mean, forecast[h] * deviation + mean
                    if not np.isnan(x):
                        e = abs(x - f)
                        both = abs(x) + abs(f)
                        smape = 200 * e / both if both > 1e-9 else 0.0
                        errors = [(e / deviation) ** 2, e / deviation, e**2, e / season, smape]
                        heard[name].append([h, *errors])
    measured = data.baseline_errors(split)
    assert measured.keys() == heard.keys()
    for name, rows in heard.items():
        rows = np.array(rows)
        mse, mae, squares, mase, smape = rows[:, 1:].mean(0)
        expected = {"mse": mse, "mae": mae, "rmse": squares**0.5, "mase": mase, "smape": smape}
        steps = [rows[rows[:, 0] == h, 1].mean() for h in range(H)]
        assert measured[name].pop("by_horizon") == pytest.approx(steps, rel=1e-9)
        assert measured[name] == pytest.approx(expected, rel=1e-9), name
    assert data.baselines(split) == {name: measured[name]["mse"] for name in measured}


def test_the_seasonal_forecast_is_that_of_a_seasonal_random_walk():
    """statsmodels' SARIMA (0, 0, 0)(0, 1, 0) with a season of four days."""
    (one, *_) = series = [each._replace(name="x") for each in made(gaps=False, covariates=False)[:1]]
    data = make(series=series, eval_stride=50)
    ((_, begin),) = data.places["test"].tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        walk = SARIMAX(one.values[: begin + C, 0], seasonal_order=(0, 1, 0, PERIOD), order=(0, 0, 0)).filter([1.0])
    forecast, truth = walk.forecast(H), one.values[begin + C :][:H, 0]
    expected = np.mean((forecast - truth) ** 2) ** 0.5
    assert data.baseline_errors("test")["seasonal naive"]["rmse"] == pytest.approx(expected, rel=1e-6)


def test_numbers_of_zero_have_no_percentage_and_a_still_season_no_mase():
    series = made(gaps=False, covariates=False)[:1]
    still = [series[0]._replace(values=np.tile([[0.0], [1.0], [0.0], [0.0]], (15, 1)))]
    errors = make(series=still).baseline_errors("test")["seasonal naive"]
    assert errors["smape"] == errors["mse"] == 0 and np.isnan(errors["mase"])
