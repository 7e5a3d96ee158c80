"""The figures beside a language model's own, on a text small enough to count."""

import math
from types import SimpleNamespace

import pytest
import torch

from conformance.training import make
from unrolled.tasks import LanguageModeling

TRAIN, TEST = [2, 2, 2, 3, 4], [2, 3, 1]


def data(level):
    tokens = {"train": torch.tensor(TRAIN), "test": torch.tensor(TEST)}
    text = {"train": "aaabc" * 40, "test": "aaabc" * 40}
    return SimpleNamespace(level=level, tokens=tokens, vocabulary=range(5), text=text.__getitem__)


def unigram_nats():
    """Witten-Bell: (count + kinds / V) / (tokens + kinds), 5 tokens of 3 kinds, V = 5."""
    return -sum(math.log((TRAIN.count(token) + 3 / 5) / (5 + 3)) for token in TEST) / 3


def test_characters_have_bits_and_lzma():
    measured = make(LanguageModeling).baselines(data("character"), "test")
    assert measured["baseline_metric"] == "bits_per_character"
    assert list(measured["baselines"]) == ["unigram", "trigram", "5-gram", "lzma"]
    assert measured["baselines"]["unigram"] == pytest.approx(unigram_nats() / math.log(2), rel=1e-12)
    assert 0 <= measured["baselines"]["lzma"] < 0.5  # it has read this text before


def test_words_have_perplexity():
    measured = make(LanguageModeling).baselines(data("word"), "test")
    assert measured["baseline_metric"] == "perplexity" and list(measured["baselines"]) == ["unigram", "trigram"]
    assert measured["baselines"]["unigram"] == pytest.approx(math.exp(unigram_nats()), rel=1e-12)
