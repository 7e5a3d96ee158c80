"""What a general compressor makes of the same text: the baseline that exploits exact repeats."""

import lzma

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
