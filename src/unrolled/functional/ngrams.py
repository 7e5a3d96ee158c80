"""Interpolated Witten-Bell n-grams: the count-based language model baseline, and a scorer of generated text.

    P_0(w)       = 1 / V
    P_k(w | h)   = (c(h w) + N(h) P_{k-1}(w | h')) / (c(h) + N(h))

c counts in the training stream, N(h) is the number of different tokens that follow h there, h' is h without its oldest
token.  For an unseen history P_k = P_{k-1}.  Witten and Bell, "The zero-frequency problem" (1991);
Chen and Goodman, "An empirical study of smoothing techniques for language modeling" (1998), section 2.5.

B sequences, L tokens in each, P tokens before them, M training tokens, V vocabulary.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import InputError

UNSEEN = -1  # index of a history that does not occur in training


class Counts(NamedTuple):
    """The n-grams of one length in training.  A history is the index of an n-gram one token shorter."""

    ngrams: NDArray[np.int64]  # history * V + token, sorted; fits 64 bits for any V ** order
    times: NDArray[np.int64]  # c(h w), in the order of `ngrams`
    tokens_after: NDArray[np.int64]  # c(h) by history; the last entry, 0, is that of UNSEEN
    types_after: NDArray[np.int64]  # N(h), likewise


class NgramModel:
    """Interpolated Witten-Bell n-gram model: counts a training text, then gives the likelihood of other texts.

    Args:
        train: (M,) token ids in [0, V).
        order: tokens in an n-gram, including the predicted one; 1 is the unigram.
        vocabulary_size: V.

    Raises:
        InputError: an order below 1, an empty text, or tokens outside the vocabulary.
    """

    def __init__(self, train: NDArray[np.int64], order: int, vocabulary_size: int) -> None:
        if order < 1:
            raise InputError(f"order: expected an n-gram of 1 token or more, got {order}")
        self.vocabulary_size, self.counts = vocabulary_size, list[Counts]()
        self._check("train", train)
        history, known = np.zeros(len(train), np.int64), 1
        for k in range(min(order, len(train))):
            ngrams, ngram, times = np.unique(
                history * vocabulary_size + train[k:], return_inverse=True, return_counts=True
            )
            histories = ngrams // vocabulary_size
            tokens_after = np.bincount(histories, times, minlength=known + 1).astype(np.int64)
            self.counts.append(Counts(ngrams, times, tokens_after, np.bincount(histories, minlength=known + 1)))
            # The n-gram that ends at one token is the history of the next token, one order up.
            history, known = ngram[:-1], len(ngrams)

    def probabilities(self, rows: NDArray[np.int64], history: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
        """(B, L): the probability of each token of `rows` (B, L), given the order - 1 tokens before it.

        The first tokens are conditioned on `history` (B, P); without it they have shorter histories, like a network
        that starts from its initial state.

        Raises:
            InputError: no tokens, or tokens outside the vocabulary.
        """
        self._check("rows", rows)
        tokens = rows if history is None else np.concatenate([history, rows], 1)
        self._check("history", tokens)
        probabilities = np.full(tokens.shape, 1.0 / self.vocabulary_size)
        histories = np.zeros(tokens.shape, np.int64)
        for k, (ngrams, times, tokens_after, types_after) in enumerate(self.counts[: tokens.shape[1]]):
            keys = histories * self.vocabulary_size + tokens[:, k:]
            index = np.searchsorted(ngrams, keys).clip(max=len(ngrams) - 1)
            found = ngrams[index] == keys  # the key of an UNSEEN history is negative and never found
            hits = np.where(found, times[index], 0)  # c(h w)
            seen, types = tokens_after[histories], types_after[histories]
            lower = probabilities[:, k:]
            np.divide(hits + types * lower, seen + types, out=lower, where=seen > 0)
            histories = np.where(found, index, UNSEEN)[:, :-1]
        return probabilities[:, tokens.shape[1] - rows.shape[1] :]

    def nll(self, rows: NDArray[np.int64], history: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
        """(B, L): the negative log-likelihood of each token in nats; arguments and errors as `probabilities`."""
        return -np.log(self.probabilities(rows, history))

    def _check(self, name: str, tokens: NDArray[np.int64]) -> None:
        if tokens.size == 0 or tokens.min() < 0 or tokens.max() >= self.vocabulary_size:
            expected = f"at least one token, each in [0, {self.vocabulary_size})"
            raise InputError(f"{name}: expected {expected}; check the vocabulary")
