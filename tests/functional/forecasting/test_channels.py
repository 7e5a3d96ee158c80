"""The order of channels, and their values where a model reads its predictions."""

import pytest
import torch

from conformance.forecast_windows import CHANNELS, COLUMNS, WIDTH, fed_back, windows
from unrolled.functional.forecasting.channels import Channels

NAN = float("nan")


def test_every_kind_stands_in_its_place():
    layout = Channels(**CHANNELS)
    assert layout.width == WIDTH
    for name, columns in COLUMNS.items():
        assert [*range(WIDTH)[layout.at(name)]] == columns
    assert Channels().width == 1 and Channels(series=7).width == 2 and Channels(3, known=2).at("past") == slice(5, 5)


@pytest.mark.parametrize("left_out", [(), ("marks",), ("since", "past"), ("marks", "since", "known"), ("series",)])
def test_own_numbers_count_as_observed_and_end_what_is_known_of_the_past(left_out):
    channels = CHANNELS | dict.fromkeys(left_out, 0)
    kept = [column for name in channels if channels[name] for column in COLUMNS[name]]
    inputs = windows(4).inputs
    predictions = torch.randn(*inputs.shape[:2], 2, dtype=torch.float64)
    predictions[:, 2] = NAN
    replaced = Channels(**channels).replace(inputs[..., kept], predictions)
    for t in range(inputs.shape[1]):
        expected = inputs[:, t] if t == 2 else fed_back(inputs[:, t], predictions[:, t])
        assert torch.equal(replaced[:, t], expected[:, kept])


def test_numbers_alone_are_replaced_one_by_one_and_carry_a_gradient():
    predictions = torch.tensor([[NAN, 2.0], [3.0, NAN]], requires_grad=True)
    replaced = Channels(2).replace(torch.zeros(2, 2), predictions)
    assert replaced.tolist() == [[0.0, 2.0], [3.0, 0.0]]
    replaced.sum().backward()
    assert predictions.grad.tolist() == [[0.0, 1.0], [1.0, 0.0]]
