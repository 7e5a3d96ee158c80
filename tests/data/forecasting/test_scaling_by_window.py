"""The scale of single windows against numpy; of every window against pandas in test_windows.py."""

import numpy as np
import pytest
import torch

from conformance.forecast_series import made, make
from unrolled.data.forecasting.scaling import window_scale

NAN = float("nan")
LOCATION, SCALE = torch.tensor([[3.0], [5.0]]).double(), torch.tensor([[2.0], [4.0]]).double()
CONTEXT = torch.tensor([[1.0, NAN, 4.0, NAN], [NAN, NAN, NAN, NAN]]).double()[..., None]


@pytest.mark.parametrize(
    ("scaling", "location", "scale"),
    [
        ("standard", 3.0, 2.0),
        ("mean_absolute", 3.0, 2.0),
        ("last_value", 4.0, 2.0),
        ("instance", np.mean([1.0, 4.0]), np.std([1.0, 4.0])),
    ],
)
def test_a_context_with_gaps_and_one_without_a_number(scaling, location, scale):
    found = window_scale(scaling, LOCATION, SCALE, CONTEXT)
    assert [part.flatten().tolist() for part in found] == [[location, 5.0], [scale, 4.0]]


def test_a_still_context_is_scaled_by_a_hundredth_of_the_training_part():
    series = made(gaps=False, covariates=False)
    series[0].values[30:50] = 4.0
    data = make(series=series, scaling="instance")
    batch = data.cut(torch.tensor([[0, 38]]))
    assert batch.rows[0, 1] == 4.0 and batch.rows[0, 2] == pytest.approx(0.01 * series[0].values[:30].std())
    assert (batch.inputs[0, :, 0] == 0).all()
