"""Against sets of NLTK's n-grams, and texts counted by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.util import ngrams

from unrolled.errors import InputError
from unrolled.functional.text_scores import distinct, repetition

texts = st.integers(5, 30).flatmap(
    lambda length: st.lists(st.lists(st.integers(0, 3), min_size=length, max_size=length), min_size=1, max_size=5)
)


@given(texts, st.integers(1, 5))
def test_distinct_equals_the_definition(rows, n):
    found = [gram for row in rows for gram in ngrams(row, n)]
    assert distinct(np.array(rows), n) == pytest.approx(len(set(found)) / len(found), rel=1e-12)


@given(texts, st.integers(1, 5))
def test_repetition_equals_the_definition(rows, n):
    shares = [1 - len(set(ngrams(row, n))) / len(list(ngrams(row, n))) for row in rows]
    assert repetition(np.array(rows), n) == pytest.approx(np.mean(shares), rel=1e-12, abs=1e-12)


def test_by_hand():
    tokens = np.array([[1, 2, 1, 2, 1], [1, 2, 3, 4, 5]])
    assert distinct(tokens, 1) == 5 / 10
    assert distinct(tokens, 2) == 5 / 8  # 12 21 23 34 45
    assert repetition(tokens, 1) == pytest.approx((3 / 5 + 0) / 2)
    assert repetition(tokens, 2) == pytest.approx((2 / 4 + 0) / 2)


def test_what_other_texts_say_is_no_repetition_of_ones_own():
    tokens = np.tile(np.arange(12), (3, 1))
    assert repetition(tokens) == 0.0 and distinct(tokens, 4) == pytest.approx(1 / 3)


def test_a_loop_and_a_text_of_one_token():
    assert repetition(np.zeros((2, 103), int)) == pytest.approx(0.99)  # one 4-gram of 100
    assert repetition(np.arange(103)[None] % 5) == pytest.approx(0.95)
    assert distinct(np.arange(103)[None] % 5, 4) == pytest.approx(0.05)


def test_negative_and_large_ids_are_ids():
    assert distinct(np.array([[-1, 2**40, -1, 2**40]]), 2) == pytest.approx(2 / 3)


@pytest.mark.parametrize("measure", [distinct, repetition])
@pytest.mark.parametrize("shape, n", [((2, 3), 4), ((2, 3), 0), ((0, 9), 2), ((2, 0), 1)])
def test_nothing_to_count(measure, shape, n):
    with pytest.raises(InputError, match=f"^tokens: expected .* n = {n} .*, got {shape[0]} of {shape[1]};"):
        measure(np.zeros(shape, int), n)
