"""Baselines of language modelling: n-grams and lzma on the same text."""

from typing import Any

import torch

from unrolled.functional.losses import bits, perplexity
from unrolled.functional.ngrams import NgramModel
from unrolled.functional.text_scores import lzma_bits_per_character

WORDS = {"unigram": 1, "trigram": 3}
ORDERS = {"character": {**WORDS, "5-gram": 5}, "word": WORDS, "subword": WORDS}


def language_modeling(data: Any, split: str) -> dict[str, Any]:
    """Interpolated Witten-Bell n-grams over the same tokens, and for characters lzma given the training text.

    Returns:
        `baselines` {name: value} and `baseline_metric`: bits_per_character, or perplexity for words and subwords.
    """
    train, held_out = (data.tokens[name].numpy() for name in ("train", split))
    size, orders = len(data.vocabulary), ORDERS[data.level].items()
    nats = {n: float(NgramModel(train, order, size).nll(held_out[None]).mean()) for n, order in orders}
    if data.level != "character":
        measured = {name: float(perplexity(torch.tensor(value, dtype=torch.float64))) for name, value in nats.items()}
        return {"baseline_metric": "perplexity", "baselines": measured}
    measured = {name: float(bits(torch.tensor(value, dtype=torch.float64))) for name, value in nats.items()}
    measured["lzma"] = lzma_bits_per_character(data.text("train"), data.text(split))
    return {"baseline_metric": "bits_per_character", "baselines": measured}
