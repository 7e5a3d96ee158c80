import random
import string

import pytest

from unrolled.errors import InputError
from unrolled.functional.text_scores import lzma_bits_per_character

LETTERS = string.ascii_letters + "+/"  # 64: a random one carries 6 bits


def noise(seed, length):
    return "".join(random.Random(seed).choices(LETTERS, k=length))


def test_noise_costs_its_entropy():
    assert lzma_bits_per_character(noise(1, 20_000), noise(2, 50_000)) == pytest.approx(6, rel=0.03)


def test_what_stood_in_training_is_nearly_free():
    train = noise(1, 300_000)
    assert lzma_bits_per_character(train, train[:10_000]) < 0.1


def test_characters_are_counted_not_bytes():
    greek = noise(3, 5_000).translate({ord(a): 0x391 + i for i, a in enumerate(LETTERS)})
    assert len(greek.encode()) == 2 * len(greek)
    assert lzma_bits_per_character(noise(1, 1_000), greek) > 6


def test_the_dictionary_spans_both_texts(monkeypatch):
    import lzma

    asked = []
    compress = lzma.compress
    monkeypatch.setattr(lzma, "compress", lambda data, **kwargs: asked.append(kwargs) or compress(data, **kwargs))
    lzma_bits_per_character("a" * 6_000, "é" * 1_000)
    assert [kwargs["filters"][0]["dict_size"] for kwargs in asked] == [8_000, 8_000]


def test_nothing_to_compress():
    with pytest.raises(InputError, match="test_text: expected at least one character"):
        lzma_bits_per_character("abc", "")
