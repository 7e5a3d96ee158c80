"""Scores of forecasts against loops and scikit-learn, in float64."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import mean_absolute_error, mean_pinball_loss, root_mean_squared_error

from unrolled.functional.forecasting.distributions import LEVELS
from unrolled.functional.forecasting.scores import interval_scores, overall_weighted_average, point_scores, raw

NAN = float("nan")
B, H, O = 5, 4, 2  # noqa: E741


def numbers(missing=0.3):
    """Forecasts, quantiles, targets, all scaled, and rows."""
    draw = torch.Generator().manual_seed(1)

    def random(*shape):
        return torch.randn(*shape, generator=draw, dtype=torch.float64)

    forecasts, targets, quantiles = random(B, H, O), random(B, H, O), random(B, H, O, 9).sort(-1).values
    targets[torch.rand(B, H, O, generator=draw) < missing] = NAN
    rows = torch.cat([torch.arange(B)[:, None], random(B, O), random(B, 3 * O).abs() + 0.2], 1)
    return forecasts, quantiles, targets, rows


def cells(step, targets):
    """(row, target) of every number that is there at a step of the horizon, or at all of them."""
    steps = range(H) if step is None else [step]
    return [(b, h, o) for b in range(B) for h in steps for o in range(O) if not math.isnan(targets[b, h, o])]


def mean(scores, name, step):
    total, weight = scores[name]
    return float(total.sum()) / float(weight.sum()) if step is None else float(total[step]) / float(weight[step])


@pytest.mark.parametrize("step", [None, 0, 2])
def test_scores_of_a_point_by_hand(step):
    forecasts, _, targets, rows = numbers()
    scores, found = point_scores(forecasts, targets, rows), cells(step, targets)
    x = [float(rows[b, 1 + o] + rows[b, 1 + O + o] * targets[b, h, o]) for b, h, o in found]
    f = [float(rows[b, 1 + o] + rows[b, 1 + O + o] * forecasts[b, h, o]) for b, h, o in found]
    deviations, seasons = ([float(rows[b, 1 + k * O + o]) for b, _, o in found] for k in (2, 3))
    off = np.subtract(x, f)
    by_hand = {
        "mse": np.mean((off / deviations) ** 2),
        "mae": np.mean(abs(off / deviations)),
        "rmse": root_mean_squared_error(x, f) ** 2,
        "mase": mean_absolute_error(np.divide(x, seasons), np.divide(f, seasons)),
        "smape": np.mean([200 * abs(a - b) / (abs(a) + abs(b)) for a, b in zip(x, f, strict=True)]),
    }
    assert scores.keys() == by_hand.keys() and len(found) > 5
    for name, expected in by_hand.items():
        assert mean(scores, name, step) == pytest.approx(expected, rel=1e-12), name


@pytest.mark.parametrize("step", [None, 1])
def test_scores_of_intervals_by_hand(step):
    _, quantiles, targets, rows = numbers()
    scores, found = interval_scores(quantiles, targets, rows, LEVELS), cells(step, targets)
    x = np.array([float(rows[b, 1 + o] + rows[b, 1 + O + o] * targets[b, h, o]) for b, h, o in found])
    q = np.array([(rows[b, 1 + o] + rows[b, 1 + O + o] * quantiles[b, h, o]).tolist() for b, h, o in found])
    losses = [2 * len(x) * mean_pinball_loss(x, q[:, i], alpha=level) / abs(x).sum() for i, level in enumerate(LEVELS)]
    assert mean(scores, "weighted_quantile_loss", step) == pytest.approx(np.mean(losses), rel=1e-12)
    share = np.mean([low <= value <= high for value, low, high in zip(x, q[:, 0], q[:, -1], strict=True)])
    assert 0 < share < 1 and mean(scores, "coverage_80", step) == pytest.approx(share, rel=1e-12)


def test_the_mean_of_one_series_is_the_mase_of_hyndman_and_koehler():
    """From the raw series: errors over the mean seasonal difference of the training part."""
    train, truth, forecast = np.array([1.0, 5.0, 2.0, 7.0, 4.0, 8.0]), np.array([5.0, 9.0]), np.array([4.0, 7.0])
    season = np.mean(abs(train[2:] - train[:-2]))
    location, scale = 3.0, 2.0
    rows = torch.tensor([[0.0, location, scale, train.std(), season]], dtype=torch.float64)
    f, x = ((torch.tensor(values) - location)[None, :, None] / scale for values in (forecast, truth))
    scores = point_scores(f, x, rows)
    assert mean(scores, "mase", None) == pytest.approx(np.mean([1.0, 2.0]) / season, rel=1e-12)
    assert mean(scores, "mae", None) == pytest.approx(1.5 / train.std(), rel=1e-12)
    np.testing.assert_allclose(raw(x, rows)[0, :, 0], truth, rtol=1e-12)


def test_what_is_missing_or_undefined_counts_in_none():
    forecasts, quantiles, targets, rows = numbers()
    for scores in (point_scores(forecasts, targets, rows), interval_scores(quantiles, targets, rows, LEVELS)):
        assert all(bool(part.isfinite().all()) for pair in scores.values() for part in pair)
    nothing = torch.full_like(targets, NAN)
    for scores in (point_scores(forecasts, nothing, rows), interval_scores(quantiles, nothing, rows, LEVELS)):
        assert not any(bool(part.any()) for pair in scores.values() for part in pair)
    without = rows.clone()
    without[0, -O:], without[1, -O:] = 0.0, NAN
    total, weight = point_scores(forecasts, targets, without)["mase"]
    rest, kept = point_scores(forecasts[2:], targets[2:], rows[2:])["mase"]
    torch.testing.assert_close(total, rest, rtol=0, atol=1e-12)
    assert torch.equal(weight, kept)


def test_two_zeros_agree_and_a_forecast_of_nan_is_not_hidden():
    zero, rows = torch.zeros(1, 1, 1, dtype=torch.float64), torch.tensor([[0.0, 0.0, 1.0, 1.0, 1.0]])
    assert [float(total) for total, _ in point_scores(zero, zero, rows).values()] == [0.0] * 5
    assert all(total.isnan().all() for total, _ in point_scores(zero + NAN, zero, rows).values())


def test_what_scaling_leaves_of_0_has_no_percentage():
    target = torch.full((1, 1, 1), -1000.0, dtype=torch.float64)
    rows = torch.tensor([[0.0, 1000.0, 1.0, 1.0, 1.0]], dtype=torch.float64)
    nearly = torch.nextafter(target, torch.zeros_like(target))
    assert point_scores(nearly, target, rows)["smape"][0].item() == 0
    assert point_scores(target + 1e-6, target, rows)["smape"][0].item() == pytest.approx(200)


def test_the_owa_of_the_m4_competition():
    assert overall_weighted_average({"smape": 11.374, "mase": 1.536}, {"smape": 13.564, "mase": 1.912}) == (
        pytest.approx(0.821, abs=5e-4)  # the winner's and Naive2's figures there (Makridakis et al. 2020, table 4)
    )
