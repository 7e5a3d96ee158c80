"""Interpolated Witten-Bell n-grams: the count-based baseline that a recurrent network has to beat, and the judge of
what it writes.

    P_0(w)       = 1 / V
    P_k(w | h)   = (c(h w) + N(h) P_{k-1}(w | h')) / (c(h) + N(h))

c counts in the training stream, N(h) is how many different tokens follow h there, h' is h without its oldest token.
A history never seen in training leaves P_{k-1} as it is.  Witten and Bell, "The zero-frequency problem" (1991);
Chen and Goodman, "An empirical study of smoothing techniques for language modeling" (1998), section 2.5.

B rows, L tokens in each, P tokens known before them, M training tokens, V vocabulary.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import InputError

UNSEEN = -1  # the number of a history that training does not have


class Counts(NamedTuple):
    """The n-grams of one length in training.  A history is an n-gram one token shorter, known by its place there."""

    ngrams: NDArray[np.int64]  # history V + token, sorted; a place fits 64 bits however large V ** order grows
    times: NDArray[np.int64]  # c(h w), in the order of `ngrams`
    tokens_after: NDArray[np.int64]  # c(h) by history; its last number, always 0, is what UNSEEN reads
    types_after: NDArray[np.int64]  # N(h), likewise


class NgramModel:
    """Counts a training text once, then says how likely any other is.

    Args:
        train: (M,) token numbers in [0, V) to count in.
        order: tokens in an n-gram, the predicted one included; 1 is the unigram.
        vocabulary_size: V, the tokens over which the probabilities sum to one.

    Raises:
        InputError: an order below 1, nothing to count, or tokens outside the vocabulary.
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
        """(B, L): of each token of `rows` (B, L), given the order - 1 tokens before it.

        A row's first tokens look back into its `history` (B, P); without one they have shorter histories: like the
        network, the n-gram starts from nothing.

        Raises:
            InputError: nothing to predict, or tokens outside the vocabulary.
        """
        self._check("rows", rows)
        tokens = rows if history is None else np.concatenate([history, rows], 1)
        self._check("history", tokens)
        probabilities = np.full(tokens.shape, 1.0 / self.vocabulary_size)
        before = np.zeros(tokens.shape, np.int64)
        for k, (ngrams, times, tokens_after, types_after) in enumerate(self.counts[: tokens.shape[1]]):
            keys = before * self.vocabulary_size + tokens[:, k:]
            place = np.searchsorted(ngrams, keys).clip(max=len(ngrams) - 1)
            found = ngrams[place] == keys  # an UNSEEN history makes a negative key, which is never found
            hits = np.where(found, times[place], 0)  # c(h w)
            seen, types = tokens_after[before], types_after[before]
            lower = probabilities[:, k:]
            np.divide(hits + types * lower, seen + types, out=lower, where=seen > 0)
            before = np.where(found, place, UNSEEN)[:, :-1]
        return probabilities[:, tokens.shape[1] - rows.shape[1] :]

    def nll(self, rows: NDArray[np.int64], history: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
        """(B, L): the negative log-likelihood of each token in nats; arguments and errors as `probabilities`."""
        return -np.log(self.probabilities(rows, history))

    def _check(self, name: str, tokens: NDArray[np.int64]) -> None:
        if tokens.size == 0 or tokens.min() < 0 or tokens.max() >= self.vocabulary_size:
            wanted = f"at least one token, each in [0, {self.vocabulary_size})"
            raise InputError(f"{name}: expected {wanted}; check the vocabulary")
