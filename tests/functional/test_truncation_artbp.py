"""ARTBP: cut probabilities and the factors that make the gradient unbiased."""

import math
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unrolled.functional.truncation import cut_probability, random_truncations, scale_gradient

CUT, PASS = 0.0, 1 - 2**-53
lengths = st.tuples(st.integers(1, 5), st.floats(1.0, 50.0), st.floats(2.1, 9.0))


@given(lengths, st.integers(1, 300))
def test_a_probability_is_one(shape, coins_since):
    every, relative, alpha = shape
    assert 0 < cut_probability(every * coins_since, every * relative, alpha, every) <= 1


@given(lengths)
def test_a_length_as_expected_as_a_coin_always_cuts_and_an_endless_one_never(shape):
    every, _, alpha = shape
    assert cut_probability(every, every, alpha, every) == pytest.approx(1)
    assert cut_probability(every, math.inf, alpha, every) == 0


@pytest.mark.parametrize("every", [1, 4])
@pytest.mark.parametrize(("mean", "alpha"), [(16.0, 6.0), (5.0, 8.0), (40.0, 7.0)])
def test_the_mean_length_is_exactly_the_expected_one(mean, alpha, every):
    """The sum of the chances to get that far; the remainder after the last term is bounded by the next one."""
    total, alive, coins = 0.0, 1.0, 20_000
    for n in range(1, coins + 1):
        total += every * alive
        alive *= 1 - cut_probability(n * every, mean, alpha, every)
    assert total == pytest.approx(mean, abs=1e-9 + alive * every * coins)
    assert alive * every * coins < 1e-6


def test_the_tail_is_a_power_of_the_length():
    alive, seen = 1.0, {}
    for n in range(1, 40_001):
        alive *= 1 - cut_probability(n, 16, 4)
        seen[n] = alive
    # P(L > l) ~ l^(1 - alpha)
    assert math.log(seen[40_000] / seen[10_000]) / math.log(4) == pytest.approx(-3, abs=0.01)


@pytest.mark.parametrize(("length", "every"), [(9, 1), (10, 1), (10, 3), (12, 4)])
def test_the_expected_factor_between_any_two_steps_is_one(length, every):
    """Over all outcomes of the coins: what flows from step s back to step j crosses the coins of j + 1 to s."""
    expected = torch.zeros(length, length, dtype=torch.float64)
    places, total = [*range(every, length, every)], 0.0
    for outcome in product([CUT, PASS], repeat=len(places)):
        windows = random_truncations(length, outcome, 5.0, 4.0, every)
        probability, start = 1.0, 0
        for step, coin in zip(places, outcome, strict=True):
            c = cut_probability(step - start, 5.0, 4.0, every)
            probability *= c if coin == CUT else 1 - c
            start = step if coin == CUT else start
        total += probability
        borders = [*windows, length]
        for (begin, factors), end in zip(windows.items(), borders[1:], strict=True):
            for s, j in product(range(begin, end), repeat=2):
                if j <= s:
                    expected[s, j] += probability * math.prod(f for t, f in factors.items() if j < t <= s)
    assert total == pytest.approx(1, abs=1e-12)
    torch.testing.assert_close(expected, torch.ones_like(expected).tril(), rtol=0, atol=1e-12)


def test_examples_by_hand():
    assert random_truncations(5, [PASS] * 4, math.inf, 4.0) == {0: {}}
    assert random_truncations(3, [CUT, CUT], 2.0, 4.0) == {0: {}, 1: {}, 2: {}}
    # L0 = 2, alpha = 4: c = 3 / (4 + d), so 3/5 one step after a cut, 3/6 two steps after it
    assert random_truncations(4, [PASS, PASS, CUT], 2.0, 4.0) == {
        0: {1: pytest.approx(5 / 2), 2: pytest.approx(2.0)},
        3: {},
    }
    assert random_truncations(4, [CUT, PASS, PASS], 2.0, 4.0) == {
        0: {},
        1: {2: pytest.approx(5 / 2), 3: pytest.approx(2.0)},
    }
    assert random_truncations(4, [0.59, 0.61, 0.49], 2.0, 4.0) == {0: {}, 1: {2: pytest.approx(5 / 2)}, 3: {}}
    assert random_truncations(7, [PASS, CUT], 6.0, 4.0, every=3) == {0: {3: pytest.approx(5 / 2)}, 6: {}}
    assert random_truncations(1, [], 2.0, 4.0) == {0: {}}


def test_a_scaled_gradient_leaves_the_numbers_as_they_are():
    h, c, token = torch.randn(2, 3, requires_grad=True), torch.randn(2, 1, requires_grad=True), torch.tensor([1, 2])
    scaled = scale_gradient((h, c, token), 2.5)
    assert torch.equal(scaled[0], h) and torch.equal(scaled[1], c) and scaled[2] is token
    (scaled[0].square().sum() + scaled[1].sum()).backward()
    assert torch.equal(h.grad, 2.5 * 2 * h) and torch.equal(c.grad, torch.full_like(c, 2.5))


def test_a_scaled_gradient_can_be_taken_twice():
    x = torch.randn(3, dtype=torch.float64, requires_grad=True)
    (first,) = torch.autograd.grad(scale_gradient((x,), 2.0)[0].pow(3).sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), x)
    torch.testing.assert_close(second, 2.0 * 2.0 * 6 * x.detach())  # each way back through x is scaled
