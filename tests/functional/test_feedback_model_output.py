"""Missing outputs: -1 for ids, nan for numbers and features."""

import pytest
import torch

from unrolled.functional.feedback import drop_outputs, has_output, no_output_like

NAN = float("nan")
KINDS = {
    "ids": torch.tensor([[3, 0, 1], [2, 2, 0]]),
    "numbers": torch.tensor([[[0.5], [0.0], [-1.0]], [[2.0], [-3.0], [0.0]]]),
    "features": torch.arange(12.0).view(2, 3, 2) - 5,
}
each_kind = pytest.mark.parametrize("outputs", KINDS.values(), ids=KINDS)


@each_kind
def test_no_output(outputs):
    none = no_output_like(outputs)
    assert none.shape == outputs.shape and none.dtype == outputs.dtype
    assert bool(none.isnan().all()) if outputs.is_floating_point() else bool((none == -1).all())
    assert not has_output(none[:, 0]).any() and has_output(outputs[:, 0]).all()


def test_each_row_has_an_output_or_none():
    assert has_output(torch.tensor([-1, 0, 5])).tolist() == [False, True, True]
    assert has_output(torch.tensor([[NAN], [0.0]])).tolist() == [False, True]
    assert has_output(torch.tensor([[NAN, NAN], [1.0, -1.0]])).tolist() == [False, True]


@each_kind
def test_where_the_truth_is_to_be_read_the_output_is_withheld(outputs):
    truth = torch.tensor([[True, False, False], [False, True, False]])
    held = drop_outputs(outputs, truth)
    for row, step in [(row, step) for row in range(2) for step in range(3)]:
        expected = no_output_like(outputs)[row, step] if truth[row, step] else outputs[row, step]
        torch.testing.assert_close(held[row, step], expected, rtol=0, atol=0, equal_nan=True)
    torch.testing.assert_close(drop_outputs(outputs[:, 0], truth[:, 0]), held[:, 0], rtol=0, atol=0, equal_nan=True)


def test_no_gradient_goes_where_it_was_withheld_and_none_is_nan():
    outputs = torch.randn(2, 3, 1, requires_grad=True)
    truth = torch.tensor([[True, False, False], [False, True, False]])
    held = drop_outputs(outputs, truth)
    torch.where(held.isnan(), 7.0, held).sum().backward()
    assert torch.equal(outputs.grad[..., 0], (~truth).float())
