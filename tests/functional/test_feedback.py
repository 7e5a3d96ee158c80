"""Random choices: their probability, independence and generator; segments of fused calls."""

from itertools import combinations
from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chi2_contingency

from unrolled.functional.feedback import Per, fused_segments, uniform_draws

B, T = 40, 50
KINDS = get_args(Per)
each_kind = pytest.mark.parametrize("per", KINDS)
each_probability = pytest.mark.parametrize("probability", [0.1, 0.5, 0.93])


def tosses(per, probability, times=400):
    """(times, B, T) bool, one draw after the other."""
    source = torch.Generator().manual_seed(7)
    return torch.stack([(uniform_draws(B, T, per, source) < probability).expand(B, T) for _ in range(times)])


def plausible(heads, probability):
    """No stranger than once in a thousand draws of fair coins."""
    return binomtest(int(heads.sum()), heads.numel(), probability).pvalue > 1e-3


def dependence(first, second):
    """The p-value of a chi-square test on two rows of coins, tossed side by side."""
    table = [[(~first & ~second).sum(), (~first & second).sum()], [(first & ~second).sum(), (first & second).sum()]]
    return chi2_contingency(np.array(table)).pvalue


@each_probability
def test_a_coin_for_each_token(probability):
    found = tosses("token", probability)
    assert plausible(found, probability)
    assert plausible(found[:, :, 0], probability) and plausible(found[:, :, -1], probability)
    assert dependence(found[:, :, :-1], found[:, :, 1:]) > 1e-3, "neighbours in time"
    assert dependence(found[:, :-1], found[:, 1:]) > 1e-3, "neighbours in the batch"
    assert dependence(found[:-1], found[1:]) > 1e-3, "from draw to draw"


@each_probability
def test_a_coin_for_each_sequence(probability):
    found = tosses("sequence", probability, 4000)
    assert torch.equal(found, found[:, :, :1].expand_as(found)), "all steps of a row share it"
    row = found[:, :, 0]
    assert plausible(row, probability)
    assert all(dependence(row[:, a], row[:, b]) > 1e-4 for a, b in combinations(range(6), 2))
    assert dependence(row[:-1], row[1:]) > 1e-3, "from draw to draw"


@each_probability
def test_one_coin_for_a_batch(probability):
    found = tosses("batch", probability, 20_000)
    assert torch.equal(found, found[:, :1, :1].expand_as(found))
    once = found[:, 0, 0]
    assert plausible(once, probability) and dependence(once[:-1], once[1:]) > 1e-3


def test_the_tests_see_coins_that_hang_together():
    shared = tosses("batch", 0.5, 4000)[:, 0, 0]
    assert dependence(shared, shared) < 1e-12
    assert not plausible(tosses("token", 0.52), 0.5)


def test_token_coins_are_those_of_torch_rand_from_the_global_numbers():
    torch.manual_seed(3)
    expected, after = torch.rand(B, T), torch.rand(2)
    torch.manual_seed(3)
    assert torch.equal(uniform_draws(B, T), expected) and torch.equal(torch.rand(2), after)


@each_kind
def test_a_generator_decides_and_the_global_numbers_stay(per):
    before = torch.get_rng_state()
    first, again = ([uniform_draws(2, 3, per, torch.Generator().manual_seed(s)) for s in range(20)] for _ in range(2))
    assert torch.equal(torch.stack(first), torch.stack(again))
    assert any(not torch.equal(one, first[0]) for one in first)
    assert torch.equal(torch.get_rng_state(), before)


@each_kind
def test_certain_coins(per):
    for probability in (0.0, 1.0):
        assert bool(((uniform_draws(B, T, per) < probability) == probability).all())


def test_a_shared_coin_is_one_number():
    assert [tuple(uniform_draws(B, T, per).shape) for per in KINDS] == [(B, T), (B, 1), (1, 1)]


def test_the_answer_is_where_it_was_asked_for():
    for source in (None, torch.Generator()):
        assert uniform_draws(2, 3, "sequence", source, torch.device("meta")).device.type == "meta"


boolean_rows = st.tuples(st.integers(1, 4), st.integers(1, 12)).flatmap(
    lambda shape: st.lists(st.lists(st.booleans(), min_size=shape[1], max_size=shape[1]), min_size=shape[0])
)


@given(boolean_rows)
def test_segments_equal_a_walk_through_time(rows):
    expected, begin = [], 0
    for t in range(1, len(rows[0])):
        if any(not row[t] for row in rows):
            expected.append((begin, t))
            begin = t
    assert fused_segments(torch.tensor(rows)) == [*expected, (begin, len(rows[0]))]


def test_segments_by_hand():
    assert fused_segments(torch.ones(3, 9, dtype=torch.bool)) == [(0, 9)]
    assert fused_segments(torch.zeros(3, 3, dtype=torch.bool)) == [(0, 1), (1, 2), (2, 3)]
    assert fused_segments(torch.tensor([[0, 1, 1, 1, 1], [1, 1, 1, 0, 1]]).bool()) == [(0, 3), (3, 5)]
    assert fused_segments((torch.arange(5) < 3).expand(3, 5)) == [(0, 3), (3, 4), (4, 5)]
    assert fused_segments(torch.ones(2, 0, dtype=torch.bool)) == []


def test_a_stretch_begins_wherever_one_of_several_numbers_is_the_own():
    truth = torch.ones(3, 5, 2, dtype=torch.bool)
    truth[1, 2, 0] = truth[0, 4, 1] = False
    assert fused_segments(truth) == [(0, 2), (2, 4), (4, 5)]
