"""Windows of random length."""

from itertools import pairwise
from statistics import mean, stdev

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unrolled.functional.truncation import random_cuts


def drawn(length, base, half=0.0, std=0.0, shortest=1, seed=0):
    return random_cuts(length, base, half, std, shortest, torch.Generator().manual_seed(seed))


def lengths(*args, **kwargs):
    """Of all windows but the one that was left over."""
    return [end - begin for begin, end in pairwise(drawn(*args, **kwargs))][1:]


@given(st.integers(1, 200), st.integers(5, 80), st.floats(0, 1), st.floats(0, 30), st.integers(0, 9))
def test_every_step_is_in_one_window_and_only_the_first_is_short(length, base, half, std, seed):
    cuts = drawn(length, base, half, std, 5, seed)
    assert cuts[0] == 0 and cuts[-1] == length
    assert all(begin < end for begin, end in pairwise(cuts))
    assert all(end - begin >= 5 for begin, end in pairwise(cuts[1:]))


def test_without_chance_windows_are_of_the_base_length_from_the_end_on():
    assert drawn(10, 4) == [0, 2, 6, 10]
    assert drawn(8, 8) == [0, 8]
    assert drawn(3, 8) == [0, 3]
    assert drawn(9, 5, half=1.0) == [0, 1, 3, 5, 7, 9]  # int(2.5)


def test_lengths_are_normal_around_the_base_and_now_and_then_around_its_half():
    found = lengths(500_000, 70, 0.05, 5.0, 5)
    near, half = [n for n in found if n > 52], [n for n in found if n <= 52]
    assert len(half) / len(found) == pytest.approx(0.05, abs=0.01)
    assert mean(near) == pytest.approx(70 - 0.5, abs=0.3)  # int() takes half a step off
    assert mean(half) == pytest.approx(35 - 0.5, abs=1)
    assert stdev(near) == pytest.approx(5, abs=0.2)


def test_a_length_never_falls_below_the_shortest():
    assert min(lengths(100_000, 10, 0.3, 8.0, 5)) == 5
    assert max(lengths(100_000, 10, 0.3, 8.0, 5)) > 25


def test_the_generator_decides():
    assert drawn(900, 30, 0.1, 4.0, seed=1) == drawn(900, 30, 0.1, 4.0, seed=1) != drawn(900, 30, 0.1, 4.0, seed=2)
