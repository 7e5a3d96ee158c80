import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression, Ridge

from unrolled.functional.forecasting.baselines import Moments, centred, linear_forecast

C, H = 6, 4


def origins(n=80, missing=0.0):
    draw = torch.Generator().manual_seed(1)
    wave = torch.randn(n, C + H, generator=draw, dtype=torch.float64).cumsum(1) + 50 * torch.rand(n, 1, generator=draw)
    context, ahead = wave.tensor_split([C], 1)
    gone = torch.rand(ahead.shape, generator=draw) < missing
    return context, ahead.masked_fill(gone, float("nan"))


@pytest.mark.parametrize("missing", [0.0, 0.3])
@pytest.mark.parametrize("penalty", [0.0, 1.0, 50.0])
def test_the_map_is_scikit_learns_of_each_step_for_itself(penalty, missing):
    """Accumulated in chunks of unequal size; a missing target is skipped for its step only."""
    context, ahead = origins(missing=missing)
    moments = Moments(C, H)
    for piece in (slice(0, 7), slice(7, 50), slice(50, 80)):
        moments.add(context[piece], ahead[piece])
    weights = moments.solve(penalty)
    asked = origins(11)[0] + 3
    for h in range(H):
        known = ~ahead[:, h].isnan().numpy()
        level = context[:, -1].numpy()
        inputs, targets = (context[:, :-1].numpy() - level[:, None])[known], (ahead[:, h].numpy() - level)[known]
        model = (Ridge(penalty, solver="cholesky") if penalty else LinearRegression()).fit(inputs, targets)
        np.testing.assert_allclose(weights[h, :-1], model.coef_, rtol=1e-9, atol=1e-11)
        expected = model.predict(asked[:, :-1].numpy() - asked[:, -1:].numpy()) + asked[:, -1].numpy()
        np.testing.assert_allclose(linear_forecast(asked, weights)[:, h], expected, rtol=1e-10)


def test_another_level_has_the_same_forecast_at_that_level():
    context, ahead = origins()
    weights = Moments(C, H).add(context, ahead).solve(1.0)
    torch.testing.assert_close(linear_forecast(context + 9, weights), linear_forecast(context, weights) + 9)
    torch.testing.assert_close(Moments(C, H).add(context + 9, ahead + 9).solve(1.0), weights)
    assert centred(context).shape == (80, C)


def test_contexts_that_do_not_vary_have_a_map_still():
    context, ahead = torch.ones(9, C, dtype=torch.float64), torch.full((9, H), 3.0, dtype=torch.float64)
    torch.testing.assert_close(linear_forecast(context, Moments(C, H).add(context, ahead).solve(0.0)), ahead)
