import math
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nltk.lm import WittenBellInterpolated
from nltk.util import ngrams

from unrolled.errors import InputError
from unrolled.functional.ngrams import ngram_nll, ngram_probabilities

V = 7
tokens = st.lists(st.integers(0, V - 1), min_size=1, max_size=80).map(np.array)


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
    np.testing.assert_allclose(
        ngram_probabilities(train, test, order, V), written_out(train.tolist(), test.tolist(), order), rtol=1e-12
    )


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
    np.testing.assert_allclose(ngram_probabilities(train, test, order, V), expected, rtol=1e-12)
    assert ngram_nll(train, test, order, V) == pytest.approx(-np.mean(np.log(expected)), rel=1e-12)


@given(tokens, st.lists(st.integers(0, V - 1), max_size=4), st.integers(1, 5))
def test_sums_to_one_over_the_vocabulary(train, history, order):
    last = [ngram_probabilities(train, np.array([*history, token]), order, V)[-1] for token in range(V)]
    assert sum(last) == pytest.approx(1, rel=1e-12)


def test_a_large_vocabulary_at_a_high_order_does_not_overflow():
    train = np.random.default_rng(0).integers(0, 2**31, 1000)  # V ** 6 needs 186 bits
    assert ngram_nll(train, train, 6, 2**31) < 1.0
    assert ngram_nll(train[:500], train[500:], 6, 2**31) == pytest.approx(math.log(2**31) + math.log(2), rel=1e-6)


@pytest.mark.parametrize(
    "train, test, order, message",
    [
        ([0], [0], 0, "order"),
        ([], [0], 1, "train"),
        ([0], [], 1, "test"),
        ([0], [V], 1, "test"),
        ([-1], [0], 1, "train"),
    ],
)
def test_bad_arguments(train, test, order, message):
    with pytest.raises(InputError, match=f"^{message}: expected"):
        ngram_nll(np.array(train), np.array(test), order, V)
