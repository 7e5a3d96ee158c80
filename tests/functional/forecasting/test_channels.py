"""Where the channels of a step stand, and what becomes of them where the model reads its own numbers."""

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
    own = torch.randn(*inputs.shape[:2], 2, dtype=torch.float64)
    own[:, 2] = NAN
    put = Channels(**channels).replace(inputs[..., kept], own)
    for t in range(inputs.shape[1]):
        expected = inputs[:, t] if t == 2 else fed_back(inputs[:, t], own[:, t])
        assert torch.equal(put[:, t], expected[:, kept])


def test_numbers_alone_are_replaced_one_by_one_and_carry_a_gradient():
    own = torch.tensor([[NAN, 2.0], [3.0, NAN]], requires_grad=True)
    put = Channels(2).replace(torch.zeros(2, 2), own)
    assert put.tolist() == [[0.0, 2.0], [3.0, 0.0]]
    put.sum().backward()
    assert own.grad.tolist() == [[0.0, 1.0], [1.0, 0.0]]
