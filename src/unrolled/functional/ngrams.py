"""Interpolated Witten-Bell n-grams: the count-based baseline that a recurrent network has to beat.

    P_0(w)       = 1 / V
    P_k(w | h)   = (c(h w) + N(h) P_{k-1}(w | h')) / (c(h) + N(h))

c counts in the training stream, N(h) is how many different tokens follow h there, h' is h without its oldest token.
A history never seen in training leaves P_{k-1} as it is.  Witten and Bell, "The zero-frequency problem" (1991);
Chen and Goodman, "An empirical study of smoothing techniques for language modeling" (1998), section 2.5.

N test tokens, M training tokens, V vocabulary.
"""

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import InputError

UNSEEN = -1  # the number of a history that training does not have


def ngram_probabilities(
    train: NDArray[np.int64], test: NDArray[np.int64], order: int, vocabulary_size: int
) -> NDArray[np.float64]:
    """The probability of each test token given the order - 1 test tokens before it: (N,).

    The first test tokens have shorter histories: like the network, the n-gram starts the test stream from nothing.

    Args:
        train: (M,) token numbers in [0, V) to count in.
        test: (N,) token numbers in [0, V) to predict.
        order: tokens in an n-gram, the predicted one included; 1 is the unigram.
        vocabulary_size: V, the tokens over which the probabilities sum to one.
    """
    if order < 1:
        raise InputError(f"order: expected an n-gram of 1 token or more, got {order}")
    for name, tokens in (("train", train), ("test", test)):
        if len(tokens) == 0 or tokens.min() < 0 or tokens.max() >= vocabulary_size:
            raise InputError(
                f"{name}: expected at least one token, each in [0, {vocabulary_size}); check the vocabulary"
            )

    probabilities = np.full(len(test), 1.0 / vocabulary_size)
    # Histories are renumbered at each order, so a key (history, token) fits 64 bits however large V ** order grows.
    train_history, test_history = np.zeros(len(train), np.int64), np.zeros(len(test), np.int64)
    known = 1  # histories; one row more in the tables below, always 0, is what UNSEEN reads
    for k in range(min(order, len(train), len(test))):
        ngrams, train_ngram, counts = np.unique(
            train_history * vocabulary_size + train[k:], return_inverse=True, return_counts=True
        )
        histories = ngrams // vocabulary_size
        tokens_after = np.bincount(histories, counts, minlength=known + 1)  # c(h)
        types_after = np.bincount(histories, minlength=known + 1)  # N(h)

        keys = test_history * vocabulary_size + test[k:]
        place = np.searchsorted(ngrams, keys).clip(max=len(ngrams) - 1)
        found = ngrams[place] == keys  # an UNSEEN history makes a negative key, which is never found
        hits = np.where(found, counts[place], 0)  # c(h w)
        seen, types = tokens_after[test_history], types_after[test_history]
        lower = probabilities[k:]
        np.divide(hits + types * lower, seen + types, out=lower, where=seen > 0)

        # The n-gram that ends at one token is the history of the next token, one order up.
        train_history, test_history = train_ngram[:-1], np.where(found, place, UNSEEN)[:-1]
        known = len(ngrams)
    return probabilities


def ngram_nll(train: NDArray[np.int64], test: NDArray[np.int64], order: int, vocabulary_size: int) -> float:
    """Mean negative log-likelihood of the test stream in nats per token; arguments as `ngram_probabilities`."""
    return float(-np.log(ngram_probabilities(train, test, order, vocabulary_size)).mean())
