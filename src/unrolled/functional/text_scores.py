"""What a general compressor makes of the same text: the baseline that exploits exact repeats."""

import lzma

import numpy as np
from numpy.typing import NDArray

from unrolled.errors import InputError

SMALLEST_DICTIONARY = 4096  # bytes; LZMA accepts no less


def lzma_bits_per_character(train_text: str, test_text: str) -> float:
    """Bits that LZMA spends on each test character once it has read the training text.

    (bits of lzma(train + test) - bits of lzma(train)) / characters of test.  The stream is raw (no container, no
    checksum) and the dictionary spans both texts, so the compressor never forgets what it read.
    """
    if not test_text:
        raise InputError("test_text: expected at least one character, got none; compress a split that has text")
    train, test = train_text.encode(), test_text.encode()
    dictionary = max(SMALLEST_DICTIONARY, len(train) + len(test))
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "dict_size": dictionary}]

    def bits(data: bytes) -> int:
        return 8 * len(lzma.compress(data, format=lzma.FORMAT_RAW, filters=filters))

    return (bits(train + test) - bits(train)) / len(test_text)


def distinct(tokens: NDArray[np.int64], n: int) -> float:
    """Different n-grams per n-gram, over all texts (B, L) together: 1 where none comes twice.

        distinct-n = |{n-grams}| / (B (L - n + 1))

    Source: Li, Galley, Brockett, Gao & Dolan 2016, "A diversity-promoting objective function for neural conversation
    models"; they divide by the tokens, B L, with which a text of bigrams that differ would stay below 1.

    Raises:
        InputError: texts without an n-gram.
    """
    ngrams = _ngrams(tokens, n).reshape(-1, n)
    return len(np.unique(ngrams, axis=0)) / len(ngrams)


def repetition(tokens: NDArray[np.int64], n: int = 4) -> float:
    """The share of a text's n-grams that it has written before, mean over the texts (B, L): 0 where none comes twice.

        seq-rep-n = 1 - |{n-grams of the text}| / (L - n + 1)

    Source: Welleck, Kulikov, Roller, Dinan, Cho & Weston 2020, "Neural text generation with unlikelihood training",
    with their n of 4.

    Raises:
        InputError: texts without an n-gram.
    """
    ngrams = _ngrams(tokens, n)
    different = sum(len(np.unique(text, axis=0)) for text in ngrams)
    return 1 - different / (ngrams.shape[0] * ngrams.shape[1])


def _ngrams(tokens: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """(B, L - n + 1, n): a view of each text's n-grams."""
    texts, length = tokens.shape
    if texts < 1 or not 1 <= n <= length:
        wanted = f"one text or more, each of n = {n} tokens or more, n at least 1"
        raise InputError(f"tokens: expected {wanted}; got {texts} of {length}: generate more, or choose another n")
    return np.lib.stride_tricks.sliding_window_view(tokens, n, axis=1)
