"""The adaptive window for a gradient with exactly geometric decay, where every sum is known."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.functional.truncation import choose_window, decay_rate


def geometric(beta, lags, scale=1.0):
    """phi_j = scale beta^j in one direction, so that norms add up: (phi_j, sum_j) for j = 1 ... R."""
    norms = [scale * beta**j for j in range(1, lags + 1)]
    return [(norm, sum(norms[: j + 1])) for j, norm in enumerate(norms)]


def bias(beta, lags, window):
    """A(K) = beta^K / (1 - beta); G = sum_R - A(R + 1) = (beta - 2 beta^(R + 1)) / (1 - beta)."""
    return beta**window / (beta - 2 * beta ** (lags + 1))


@pytest.mark.parametrize("lags", [40, 101])
@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e6])
@pytest.mark.parametrize("beta", [0.5, 0.8, 0.95])
def test_a_geometric_fade_in_closed_form(beta, scale, lags):
    for tolerance in (0.5, 0.1, 0.01):
        expected = next(k for k in range(1, 500) if bias(beta, lags, k) <= tolerance)
        choice = choose_window(geometric(beta, lags, scale), tolerance, 1, 500)
        assert choice.window == expected
        assert choice.decay_rate == pytest.approx(beta, rel=1e-9)
        assert choice.relative_bias == pytest.approx(bias(beta, lags, expected), rel=1e-9)


def test_windows_may_be_longer_than_what_was_seen():
    choice = choose_window(geometric(0.9, 12), 0.01, 1, 500)
    assert choice.window > 30
    assert choice.relative_bias == pytest.approx(bias(0.9, 12, choice.window), rel=1e-9)
    assert bias(0.9, 12, choice.window - 1) > 0.01 >= choice.relative_bias


@given(st.floats(0.05, 0.9), st.floats(0.01, 0.9), st.integers(1, 30), st.integers(0, 60))
def test_it_stays_within_its_bounds(beta, tolerance, shortest, more):
    found = choose_window(geometric(beta, 50), tolerance, shortest, shortest + more).window
    free = choose_window(geometric(beta, 50), tolerance, 1, 1000).window
    assert found == min(max(free, shortest), shortest + more)


def test_a_gradient_that_does_not_fade_takes_the_longest_window():
    for lags in (geometric(1.0, 30), geometric(1.1, 30), [(1.0, 1.0)], []):
        choice = choose_window(lags, 0.5, 2, 77)
        assert choice.window == 77 and choice.relative_bias == math.inf


def test_a_sum_that_what_is_cut_off_could_cancel_takes_the_longest_window():
    assert choose_window([(norm, 0.01 * norm) for norm, _ in geometric(0.9, 30)], 0.5, 2, 77).window == 77


def test_a_sequence_that_began_within_the_lags_has_nothing_behind_them():
    flat = [(1.0, float(j)) for j in range(1, 6)] + [(0.0, 5.0)] * 4
    choice = choose_window(flat, 1e-6, 1, 100)
    assert choice == (6, 0.0, 0.0)
    assert choose_window(flat, 0.2, 1, 100).window == 5  # one lag of five: 1/5, of a whole of at least 5 - 0


def test_a_plateau_and_then_a_fall():
    """As in a task with one lag: everything comes from up to 20 steps back, almost nothing from earlier."""
    lags, total = [], 0.0
    for j in range(1, 61):
        norm = 1.0 if j <= 20 else 1e-4 * 0.5 ** (j - 20)
        total += norm
        lags.append((norm, total))
    assert choose_window(lags, 0.04, 1, 100).window == 21
    assert choose_window(lags, 0.11, 1, 100).window == 19


def test_the_rate_is_taken_from_the_later_half_of_the_lags():
    norms = [5.0] * 10 + [0.7**j for j in range(10)]
    rate, last = decay_rate(norms)
    assert rate == pytest.approx(0.7) and last == pytest.approx(0.7**9)


def test_zeros_among_the_lags_are_left_out_of_the_rate():
    norms = [0.7**j for j in range(20)]
    norms[13] = 0.0
    assert decay_rate(norms)[0] == pytest.approx(0.7)
