import math
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.lm import WittenBellInterpolated
from nltk.util import ngrams

from unrolled.errors import InputError
from unrolled.functional.ngrams import NgramModel

V = 7
tokens = st.lists(st.integers(0, V - 1), min_size=1, max_size=80).map(np.array)


def ask(train, test, order, size=V):
    """The probability of each token of one text."""
    return NgramModel(train, order, size).probabilities(test[None])[0]


def written_out(train, test, order):
    """The definition with dictionaries, one token at a time."""
    after = defaultdict(Counter)
    for k in range(order):
        for i in range(k, len(train)):
            after[tuple(train[i - k : i])][train[i]] += 1

    def probability(token, history):
        lower = probability(token, history[1:]) if history else 1 / V
        seen, types = sum(after[history].values()), len(after[history])
        return (after[history][token] + types * lower) / (seen + types) if seen else lower

    return [probability(token, tuple(test[max(0, i - order + 1) : i])) for i, token in enumerate(test)]


@given(tokens, tokens, st.integers(1, 6))
def test_equals_the_definition(train, test, order):
    np.testing.assert_allclose(ask(train, test, order), written_out(train.tolist(), test.tolist(), order), rtol=1e-12)


class Nltk(WittenBellInterpolated):
    """NLTK ends at the relative frequency of the word; ours interpolates it with the uniform distribution."""

    def unmasked_score(self, word, context=None):
        if context:
            return super().unmasked_score(word, context)
        words = self.counts.unigrams
        return (words[word] + len(words) / V) / (words.N() + len(words))


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_equals_nltk(order):
    source = np.random.default_rng(order)
    train, test = source.integers(0, V, 400), source.integers(0, V, 60)
    model = Nltk(order)
    words = [str(token) for token in train]
    model.fit([[gram for n in range(1, order + 1) for gram in ngrams(words, n)]], [str(token) for token in range(V)])
    asked = [str(token) for token in test]
    expected = [model.score(token, asked[max(0, i - order + 1) : i]) for i, token in enumerate(asked)]
    np.testing.assert_allclose(ask(train, test, order), expected, rtol=1e-12)
    np.testing.assert_allclose(NgramModel(train, order, V).nll(test[None])[0], -np.log(expected), rtol=1e-12)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.parametrize("known", [0, 1, 3, 9])
def test_a_row_looks_back_into_its_own_history(order, known):
    source = np.random.default_rng(order)
    train, rows = source.integers(0, V, 400), source.integers(0, V, (4, 20))
    found = NgramModel(train, order, V).probabilities(rows[:, known:], rows[:, :known])
    expected = [written_out(train.tolist(), row.tolist(), order)[known:] for row in rows]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_the_training_text_is_counted_once_however_often_the_model_is_asked(monkeypatch):
    source = np.random.default_rng(0)
    train, rows = source.integers(0, V, 400), source.integers(0, V, (3, 60))
    model, first = NgramModel(train, 3, V), NgramModel(train, 3, V).nll(rows)
    for name in ("unique", "bincount"):
        monkeypatch.delattr(np, name)
    train[:] = 0
    assert np.array_equal(model.nll(rows), first) and np.array_equal(model.nll(rows), first)


@given(tokens, st.lists(st.integers(0, V - 1), max_size=4), st.integers(1, 5))
def test_sums_to_one_over_the_vocabulary(train, history, order):
    model, known = NgramModel(train, order, V), np.array([history] * V, int).reshape(V, -1)
    assert model.probabilities(np.arange(V)[:, None], known).sum() == pytest.approx(1, rel=1e-12)


def test_a_large_vocabulary_at_a_high_order_does_not_overflow():
    train = np.random.default_rng(0).integers(0, 2**31, 1000)  # V ** 6 needs 186 bits
    assert NgramModel(train, 6, 2**31).nll(train[None]).mean() < 1.0
    unseen = NgramModel(train[:500], 6, 2**31).nll(train[None, 500:])
    np.testing.assert_allclose(unseen, math.log(2**31) + math.log(2), rtol=1e-6)


@pytest.mark.parametrize(
    "train, rows, history, order, message",
    [
        ([0], [[0]], [[0]], 0, "order"),
        ([], [[0]], [[0]], 1, "train"),
        ([-1], [[0]], [[0]], 1, "train"),
        ([0], [[]], [[0]], 1, "rows"),
        ([0], [[V]], [[0]], 1, "rows"),
        ([0], [[0]], [[-1]], 2, "history"),
    ],
)
def test_bad_arguments(train, rows, history, order, message):
    with pytest.raises(InputError, match=f"^{message}: expected"):
        NgramModel(np.array(train), order, V).nll(np.array(rows), np.array(history))
