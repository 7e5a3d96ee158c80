"""Normalisation of sentences, and splits of sentence pairs."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from typing import Literal

from unrolled.data.base import Split

Pair = tuple[str, str]  # source, target
Form = Literal["NFC", "NFD"]
TOKEN = re.compile(r"\w+['’]?|[^\w\s]")  # a word with an apostrophe at its end, or one punctuation mark


def prepare(sentence: str, *, form: Form = "NFC", lowercase: bool = False, punctuation: bool = False) -> str:
    """Normalise a sentence, with one space between words.

    Args:
        sentence: the text.
        form: Unicode normalisation: NFC, composed, or NFD, decomposed.
        lowercase: whether to convert to lower case.
        punctuation: whether to put spaces around punctuation marks.
    """
    text = unicodedata.normalize(form, sentence.lower() if lowercase else sentence)
    return " ".join(TOKEN.findall(text) if punctuation else text.split())


def split_by_source(pairs: Iterable[Pair], valid_fraction: float, test_fraction: float) -> dict[Split, list[Pair]]:
    """Split pairs by a hash of the source sentence, so that all translations of a sentence are in the same split.

    The fractions are approximate.
    """
    splits: dict[Split, list[Pair]] = {"train": [], "valid": [], "test": []}
    for source, target in pairs:
        digest = hashlib.blake2b(source.encode(), digest_size=6).digest()
        position = int.from_bytes(digest, "big") / 2**48
        held_out: Split = "test" if position < test_fraction else "valid"
        splits[held_out if position < valid_fraction + test_fraction else "train"].append((source, target))
    return splits


def subsample(pairs: list[Pair], most: int | None) -> list[Pair]:
    """At most `most` pairs, evenly spaced; None: all."""
    if most is None or most >= len(pairs):
        return pairs
    return [pairs[index * len(pairs) // most] for index in range(most)]
