"""Bounds by row and by component, and the summed gradient that a state hook gets.  B batch, H hidden."""

import copy
import math
import pickle

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unrolled.functional.gradients import RULES, StateGradientBound, bound_norm, bound_value

each_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
exponents = st.integers(-6, 6)


def rows(seed=0, dtype=torch.float64):
    """Rows of very different lengths, one of them zero."""
    sizes = torch.tensor([0.0, 1e-9, 1e-3, 0.4, 1.0, 7.0, 1e6])[:, None]
    return (torch.randn(7, 5, generator=torch.Generator().manual_seed(seed)) * sizes).to(dtype)


@given(exponents, st.integers(0, 99))
def test_norm_in_closed_form(exponent, seed):
    limit, gradient = 10.0**exponent, rows(seed)
    bounded, shrunk = bound_norm(gradient, limit)
    for row, found, which in zip(gradient.tolist(), bounded.tolist(), shrunk[:, 0].tolist(), strict=True):
        factor = min(1.0, limit / max(1e-300, math.hypot(*row)))
        assert found == pytest.approx([factor * value for value in row], rel=1e-12, abs=0)
        assert math.hypot(*found) <= limit * (1 + 1e-15)
        assert which == (math.hypot(*row) > limit)
        assert which or found == row  # not one bit


@given(exponents, st.integers(0, 99))
def test_value_in_closed_form(exponent, seed):
    limit, gradient = 10.0**exponent, rows(seed)
    bounded, cut = bound_value(gradient, limit)
    assert bounded.flatten().tolist() == [max(-limit, min(limit, value)) for value in gradient.flatten().tolist()]
    assert cut.flatten().tolist() == [abs(value) > limit for value in gradient.flatten().tolist()]


@each_rule
@given(exponent=exponents, seed=st.integers(0, 99))
def test_no_component_grows_or_turns(rule, exponent, seed):
    gradient = rows(seed)
    bounded, _ = rule(gradient, 10.0**exponent, 1.0)
    assert (bounded.abs() <= gradient.abs()).all()
    assert (bounded * gradient >= 0).all()


@each_rule
@pytest.mark.parametrize("scale", [3.0, 2.0**16])
def test_a_scaled_gradient_is_bounded_as_the_true_one(rule, scale):
    gradient = rows()
    (true, which), (scaled, found) = rule(gradient, 0.5, 1.0), rule(gradient * scale, 0.5, scale)
    torch.testing.assert_close(scaled / scale, true, rtol=1e-14, atol=0)
    assert torch.equal(found, which) and 0 < which.sum() < which.numel()


@each_rule
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_narrow_numbers(rule, dtype):
    gradient = torch.tensor([[6e4, 6e4, -6e4], [1e-3, 2e-3, 0.0]], dtype=dtype)  # the first row's norm overflows
    for limit, scale in [(1e3, 1.0), (0.5, 2.0**11), (1e4, 2.0**16), (1e300, 1.0)]:
        bounded, _ = rule(gradient, limit, scale)
        expected, _ = rule(gradient.double(), limit, scale)
        assert bounded.dtype == dtype
        torch.testing.assert_close(bounded.double(), expected, rtol=2 * torch.finfo(dtype).eps, atol=0)


@each_rule
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_stays_to_be_seen(rule, value):
    gradient = rows()
    gradient[3, 2] = value
    bounded, _ = rule(gradient, 0.5, 1.0)
    assert not torch.isfinite(bounded[3]).all()
    others = [0, 1, 2, 4, 5, 6]
    assert torch.equal(bounded[others], rule(gradient[others], 0.5, 1.0)[0])


def test_it_meets_the_sum_of_all_that_flows_back():
    """Two readers send 0.6 each: no bound of 1 on either would do anything."""
    bound = StateGradientBound(1.0, "value")
    bound.scale = 1.0
    x = torch.ones(1, 1, dtype=torch.float64, requires_grad=True)
    state = bound(2 * x)
    (0.6 * state + torch.sin(0.6 * state - 1.2)).sum().backward()
    assert x.grad.item() == 2.0
    assert bound.share() == 1.0 and not bound.bounded


@pytest.mark.parametrize("by", RULES)
def test_without_a_scale_gradients_pass(by):
    bound = StateGradientBound(1e-9, by)
    x = torch.ones(2, 3, requires_grad=True)
    bound(2 * x).sum().backward()
    assert torch.equal(x.grad, torch.full((2, 3), 2.0)) and not bound.bounded


def test_a_state_without_a_gradient_passes():
    state = torch.ones(2, 3)
    assert StateGradientBound(1.0, "norm")(state) is state


@pytest.mark.parametrize("by", RULES)
def test_the_share_counts_rows_or_components_since_the_last_call(by):
    bound, rule = StateGradientBound(0.5, by), RULES[by]
    bound.scale = 1.0
    for batches in (3, 1):
        met = []
        for seed in range(batches):
            gradient = rows(seed)
            bound(torch.zeros(7, 5, dtype=torch.float64, requires_grad=True) + 0).backward(gradient)
            met.append(rule(gradient, 0.5, 1.0)[1])
        assert float(bound.share()) == pytest.approx(float(torch.cat(met).double().mean()), rel=1e-6)


def test_it_can_be_copied_and_pickled():
    bound = StateGradientBound(0.5, "norm")
    for same in (copy.deepcopy(bound), pickle.loads(pickle.dumps(bound))):  # noqa: S301
        assert same.limit == 0.5 and same.rule is bound_norm
