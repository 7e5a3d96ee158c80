import numpy as np
import pytest
import torch

from unrolled.functional.forecasting.baselines import last_season, last_value

CONTEXT = torch.arange(14.0).view(2, 7) ** 2


@pytest.mark.parametrize("horizon", [1, 3, 11])
def test_the_last_value_stays(horizon):
    assert last_value(CONTEXT, horizon).tolist() == [[36.0] * horizon, [169.0] * horizon]


@pytest.mark.parametrize("period", [1, 2, 3, 7])
@pytest.mark.parametrize("horizon", [1, 3, 11])
def test_the_last_season_comes_again(period, horizon):
    """x_{T + h} = x_{T + h - k period} with the smallest k that looks back (Hyndman & Athanasopoulos, section 5.2)."""
    expected = np.empty((2, horizon))
    for row, numbers in enumerate(CONTEXT.tolist()):
        for h in range(horizon):
            numbers.append(numbers[len(numbers) - period])
            expected[row, h] = numbers[-1]
    np.testing.assert_array_equal(last_season(CONTEXT, horizon, period).numpy(), expected)
