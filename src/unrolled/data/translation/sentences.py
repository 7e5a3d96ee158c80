"""Sentences of pairs as they are read, whatever wrote them, and which split each belongs to."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from typing import Literal

from unrolled.data.splits import Split

Pair = tuple[str, str]
Form = Literal["NFC", "NFD"]
MARK = re.compile(r"\w+['’]?|[^\w\s]")  # a word with the apostrophe that elides it, or one mark


def prepare(sentence: str, *, form: Form = "NFC", lowercase: bool = False, punctuation: bool = False) -> str:
    """One blank between words, and letters in one Unicode form: NFC, composed, or NFD, taken apart.

    Where it is asked for, small letters, and blanks around each punctuation mark.
    """
    same = unicodedata.normalize(form, sentence.lower() if lowercase else sentence)
    return " ".join(MARK.findall(same) if punctuation else same.split())


def split_by_source(pairs: Iterable[Pair], valid_fraction: float, test_fraction: float) -> dict[Split, list[Pair]]:
    """Pairs by split, about these shares: a function of the source sentence alone, so that it stands in one split."""
    splits: dict[Split, list[Pair]] = {"train": [], "valid": [], "test": []}
    for source, target in pairs:
        digest = hashlib.blake2b(source.encode(), digest_size=6).digest()
        place = int.from_bytes(digest, "big") / 2**48
        held_out: Split = "test" if place < test_fraction else "valid"
        splits[held_out if place < valid_fraction + test_fraction else "train"].append((source, target))
    return splits


def subsample(pairs: list[Pair], most: int | None) -> list[Pair]:
    """At most so many of the pairs, evenly spread over them."""
    if most is None or most >= len(pairs):
        return pairs
    return [pairs[place * len(pairs) // most] for place in range(most)]
