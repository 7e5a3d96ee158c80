"""Scores of text without a model: LZMA compression, distinct n-grams and repetition.  B texts, L tokens in each.

Sources: Li, Galley, Brockett, Gao & Dolan 2016, "A diversity-promoting objective function for neural conversation
models" (distinct-n); Welleck, Kulikov, Roller, Dinan, Cho & Weston 2020, "Neural text generation with unlikelihood
training" (seq-rep-n).
"""

import lzma

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import InputError

MIN_DICTIONARY = 4096  # bytes, LZMA's minimum


def lzma_bits_per_character(train_text: str, test_text: str) -> float:
    """LZMA's bits per test character after the training text: a baseline that exploits exact repeats.

    (bits of lzma(train + test) - bits of lzma(train)) / characters of test.  The stream is raw (no container, no
    checksum) and the dictionary spans both texts.
    """
    if not test_text:
        raise InputError("test_text: expected at least one character, got none; compress a split that has text")
    train, test = train_text.encode(), test_text.encode()
    dictionary = max(MIN_DICTIONARY, len(train) + len(test))
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": dictionary}]

    def bits(data: bytes) -> int:
        return 8 * len(lzma.compress(data, format=lzma.FORMAT_RAW, filters=filters))

    return (bits(train + test) - bits(train)) / len(test_text)


def distinct(tokens: NDArray[np.int64], n: int) -> float:
    """The fraction of distinct n-grams over all texts (B, L) together: 1 if none repeats.

        distinct-n = |{n-grams}| / (B (L - n + 1))

    Li et al. 2016 divide by the number of tokens, B L, so that a text of distinct bigrams stays below 1.

    Raises:
        InputError: texts shorter than n tokens, or n below 1.
    """
    ngrams = _ngrams(tokens, n).reshape(-1, n)
    return len(np.unique(ngrams, axis=0)) / len(ngrams)


def repetition(tokens: NDArray[np.int64], n: int = 4) -> float:
    """The fraction of a text's n-grams that repeat earlier ones, mean over the texts (B, L): 0 if none repeats.

        seq-rep-n = 1 - |{n-grams of the text}| / (L - n + 1)

    The default n = 4 is that of Welleck et al. 2020.

    Raises:
        InputError: texts shorter than n tokens, or n below 1.
    """
    ngrams = _ngrams(tokens, n)
    different = sum(len(np.unique(text, axis=0)) for text in ngrams)
    return 1 - different / (ngrams.shape[0] * ngrams.shape[1])


def _ngrams(tokens: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """(B, L - n + 1, n): a view of each text's n-grams."""
    texts, length = tokens.shape
    if texts < 1 or not 1 <= n <= length:
        expected = f"at least one text, each of at least n = {n} tokens, n at least 1"
        raise InputError(f"tokens: expected {expected}, got {texts} of {length}; generate more, or choose another n")
    return np.lib.stride_tricks.sliding_window_view(tokens, n, axis=1)
