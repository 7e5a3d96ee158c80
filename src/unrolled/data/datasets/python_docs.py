"""English that ships inside Python: the language reference that `help()` prints.  Nothing to download."""

import re
from collections.abc import Mapping
from importlib import import_module

from unrolled.data.language_modeling.text_data import TextData
from unrolled.data.splits import Split
from unrolled.errors import InputError

SHARES: dict[Split, float] = {"train": 0.8, "valid": 0.1, "test": 0.1}  # of the characters


class PythonDocs(TextData):
    """`pydoc_data.topics`: some 370,000 characters; they differ between Python versions, and so do the figures.

    A fifth of the topics' text repeats another topic ("if" also stands in "compound").  Each paragraph is kept once in
    all, in the longest topic that has it, and each topic lies in one split: no split holds a paragraph of another.
    """

    def load(self) -> dict[Split, str]:
        try:
            topics: Mapping[str, str] = import_module("pydoc_data.topics").topics
        except ImportError as error:
            raise InputError(
                "PythonDocs: expected the module pydoc_data.topics, which this Python leaves out; install a full "
                "Python, or use `data: TextFile` with a text of yours"
            ) from error
        topics = without_repeats(topics)
        # Two line ends keep a topic apart from the next; an epoch reads a split's topics in alphabetical order.
        return {
            split: "\n\n".join(topics[name] for name in sorted(names)) for split, names in split_topics(topics).items()
        }


def without_repeats(topics: Mapping[str, str]) -> dict[str, str]:
    """The topics, longest first, with each paragraph (blanks do not count) in the first of them alone."""
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
    """Names per split: topics, longest first, each go where the most characters are still missing."""
    whole = sum(map(len, topics.values()))
    missing = {split: share * whole for split, share in SHARES.items()}
    names: dict[Split, list[str]] = {split: [] for split in SHARES}
    for name in longest_first(topics):
        split = max(missing, key=lambda split: missing[split])
        missing[split] -= len(topics[name])
        names[split].append(name)
    return names


def longest_first(topics: Mapping[str, str]) -> list[str]:
    return sorted(topics, key=lambda name: (-len(topics[name]), name))
