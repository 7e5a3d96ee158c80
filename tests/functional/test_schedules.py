"""The papers' formulas.  Scheduled sampling: Bengio et al. 2015, section 2.4."""

import math
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.errors import InputError
from unrolled.functional.schedules import (
    DECAYS,
    Decay,
    Schedule,
    annealed_noise,
    by_loss,
    constant_decay,
    exponential_decay,
    inverse_sigmoid_decay,
    linear_decay,
    probability_schedule,
)

overs = st.integers(1, 100_000)
ends = st.floats(0, 1)
each_decay = pytest.mark.parametrize("decay", DECAYS.values(), ids=DECAYS)


def test_the_names():
    assert list(DECAYS) == list(get_args(Decay))
    assert list(DECAYS) == ["constant", "linear", "exponential", "inverse_sigmoid"]
    assert list(DECAYS.values()) == [constant_decay, linear_decay, exponential_decay, inverse_sigmoid_decay]


@each_decay
@given(overs, ends, ends)
def test_monotone_between_start_and_end(decay, over, start, end):
    steps = [round(k * over / 7) for k in range(8)] + [2 * over, 100 * over, 10**9]
    values = [decay(step, start, end, over) for step in steps]
    direction = 1 if end >= start else -1
    assert all(direction * (b - a) >= -1e-15 for a, b in pairwise(values))
    assert all(min(start, end) - 1e-15 <= value <= max(start, end) + 1e-15 for value in values)
    assert values[-1] == pytest.approx(start if decay is constant_decay else end, abs=1e-12)


@each_decay
def test_no_way_to_go_stays_in_place(decay):
    assert {decay(step, 0.5, 0.5, 10) for step in (0, 3, 10, 999)} == {0.5}


@each_decay
@given(overs, ends, ends, st.integers(0, 200_000))
def test_start_and_end_only_scale(decay, over, start, end, step):
    assert decay(step, start, end, over) == pytest.approx(end + (start - end) * decay(step, 1.0, 0.0, over), abs=1e-12)


losses = st.floats(0, 100)


@given(losses, losses, st.floats(1e-3, 10), ends, ends)
def test_by_loss(loss, low, width, start, end):
    """The line through (low, end) and (high, start), and flat outside of them."""
    found = by_loss(loss, low, low + width, start, end)
    line = np.interp(loss, [low, low + width], [end, start])
    assert found == pytest.approx(line, abs=1e-9) and min(start, end) - 1e-15 <= found <= max(start, end) + 1e-15


def test_by_loss_by_hand():
    assert [by_loss(loss, 2.0, 4.0, 1.0, 0.0) for loss in (9, 4, 3.5, 3, 2, 0)] == [1, 1, 0.75, 0.5, 0, 0]
    assert by_loss(2.5, 2.0, 4.0, 0.9, 0.5) == pytest.approx(0.6)
    assert by_loss(math.inf, 2.0, 4.0, 1.0, 0.25) == 1.0, "no loss known yet"
    assert {by_loss(loss, 2.0, 4.0, 1.0, 1.0) for loss in (0, 2.7, 9)} == {1.0}, "nowhere to go"


@given(overs, ends, ends, st.integers(0, 200_000))
def test_constant(over, start, end, step):
    assert constant_decay(step, start, end, over) == start


@given(overs, st.integers(0, 200_000))
def test_linear(over, step):
    """max(end, k - c i) with k = start and c such that the end is reached after `over` steps."""
    assert linear_decay(step, 1.0, 0.25, over) == pytest.approx(max(0.25, 1.0 - 0.75 / over * step), abs=1e-12)
    assert linear_decay(0, 1.0, 0.25, over) == 1.0 and linear_decay(over, 1.0, 0.25, over) == 0.25


@given(overs, st.integers(0, 200_000))
def test_exponential(over, step):
    """k^i with k < 1: a hundredth is left after `over` steps."""
    k = math.exp(math.log(0.01) / over)
    assert exponential_decay(step, 1.0, 0.0, over) == pytest.approx(k**step, rel=1e-9, abs=1e-300)
    assert exponential_decay(0, 0.9, 0.1, over) == pytest.approx(0.9)
    assert exponential_decay(over, 1.0, 0.0, over) == pytest.approx(0.01)


@given(st.integers(1, 50_000).map(lambda half: 2 * half), st.floats(0, 3))
def test_inverse_sigmoid(over, share):
    """k / (k + exp(i / k)): its value at step 0 is k / (k + 1), which gives k back."""
    first = inverse_sigmoid_decay(0, 1.0, 0.0, over)
    k, step = first / (1 - first), int(share * over)
    assert k >= 1
    expected = 1 / (1 + math.exp(step / k - math.log(k)))
    assert inverse_sigmoid_decay(step, 1.0, 0.0, over) == pytest.approx(expected, rel=1e-6)
    assert inverse_sigmoid_decay(over // 2, 1.0, 0.0, over) == pytest.approx(0.5, abs=1e-9)


def test_inverse_sigmoid_is_an_s_that_starts_close_to_its_start():
    values = [inverse_sigmoid_decay(step, 1.0, 0.0, 2000) for step in range(0, 2001, 100)]
    assert values[0] > 0.99 and values[10] == pytest.approx(0.5) and values[20] < 0.02
    falls = [a - b for a, b in pairwise(values)]
    assert max(falls) in falls[8:12] and falls[0] < max(falls) / 5 and falls[-1] < max(falls) / 5


@given(st.integers(0, 1_000_000), st.floats(0, 10), st.floats(0, 3))
def test_annealed_noise(step, eta, gamma):
    """sigma_t^2 = eta / (1 + t)^gamma."""
    sigma = annealed_noise(step, eta, gamma)
    assert sigma**2 == pytest.approx(eta * math.exp(-gamma * math.log(1 + step)), rel=1e-9, abs=1e-300)
    assert annealed_noise(0, eta, gamma) == math.sqrt(eta) and annealed_noise(step, 0.0, gamma) == 0.0


@each_decay
def test_a_schedule_is_its_decay(decay):
    (name,) = [name for name, function in DECAYS.items() if function is decay]
    schedule = probability_schedule("Me", name, 0.9, 0.2, 30)
    assert schedule == Schedule(name, 0.9, 0.2, 30)
    assert [schedule.at(step) for step in (0, 7, 30, 99)] == [decay(step, 0.9, 0.2, 30) for step in (0, 7, 30, 99)]


WRONG = [("linear", 1.1, 0.5, 9), ("linear", 0.5, -0.1, 9), ("linear", math.nan, 0.5, 9), ("cosine", 1.0, 0.5, 9)]


@pytest.mark.parametrize("wrong", [*WRONG, ("linear", 0.5, math.nan, 9), ("linear", 1.0, 0.5, 0)], ids=str)
def test_no_probability_is_refused_by_the_name_of_who_asked(wrong):
    with pytest.raises(InputError, match=r"^Me: expected [^\n]*$"):
        probability_schedule("Me", *wrong)
