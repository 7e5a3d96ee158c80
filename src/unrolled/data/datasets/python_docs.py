"""The language reference of Python, as printed by `help()` (no download)."""

import re
from collections.abc import Mapping
from importlib import import_module

from unrolled.data.base import Split
from unrolled.data.language_modeling.text_data import TextData
from unrolled.errors import InputError

SHARES: dict[Split, float] = {"train": 0.8, "valid": 0.1, "test": 0.1}  # of the characters


class PythonDocs(TextData):
    """`pydoc_data.topics`: about 370,000 characters of English; text and results depend on the version of Python.

    A fifth of the text repeats another topic ("if" is also part of "compound").  Each paragraph is kept once, in the
    longest topic that contains it, and each topic is in one split: splits have no paragraph in common.
    """

    def load(self) -> dict[Split, str]:
        try:
            topics: Mapping[str, str] = import_module("pydoc_data.topics").topics
        except ImportError as error:
            raise InputError(
                "PythonDocs: expected the module pydoc_data.topics, which this Python lacks; install a full "
                "Python, or use `data: TextFile` with your text"
            ) from error
        topics = without_repeats(topics)
        # the topics of a split in alphabetical order, separated by an empty line
        return {
            split: "\n\n".join(topics[name] for name in sorted(names)) for split, names in split_topics(topics).items()
        }


def without_repeats(topics: Mapping[str, str]) -> dict[str, str]:
    """The topics, longest first, with each paragraph (ignoring whitespace) only in the first topic that has it."""
    seen: set[str] = set()
    kept: dict[str, str] = {}
    for name in longest_first(topics):
        paragraphs = []
        for paragraph in re.split(r"\n\s*\n", topics[name].strip("\n")):
            if (words := " ".join(paragraph.split())) and words not in seen:
                seen.add(words)
                paragraphs.append(paragraph)
        if paragraphs:
            kept[name] = "\n\n".join(paragraphs)
    return kept


def split_topics(topics: Mapping[str, str]) -> dict[Split, list[str]]:
    """Topic names by split: each topic, longest first, goes to the split that lacks the most characters."""
    total = sum(map(len, topics.values()))
    missing = {split: share * total for split, share in SHARES.items()}
    names: dict[Split, list[str]] = {split: [] for split in SHARES}
    for name in longest_first(topics):
        split = max(missing, key=lambda split: missing[split])
        missing[split] -= len(topics[name])
        names[split].append(name)
    return names


def longest_first(topics: Mapping[str, str]) -> list[str]:
    return sorted(topics, key=lambda name: (-len(topics[name]), name))
