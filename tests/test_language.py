"""Words of this project's old dialect in comments, docstrings and strings of src/: at most one per 1,000 lines each.

The field's code has 0 to 0.8 of each per 1,000 lines (composer, optuna, torchmetrics, haiku, ...); docs/glossary.md
gives the standard terms.
"""

import io
import math
import re
import tokenize
from collections import Counter

import pytest

from conformance.source_tree import SOURCE

MARKERS = {
    "told": "told",
    "tell": "tells?",
    "say": "says|said",
    "own": "own",
    "stand": "stands?",
    "go on": "goes on",
    "lie": "lies",
    "anew": "anew",
    "beside": "beside",
    "behind": "behind",
    "in front of": r"in\s+front\s+of",
    "what is": r"what\s+(?:is|a)",
}
PER_1000_LINES = 1

ROOMS = [".", *sorted(path.parent.name for path in SOURCE.glob("*/__init__.py"))]


def prose(source: str) -> str:
    """Comments and strings, f-strings too, without code."""
    kinds = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return "\n".join(token.string for token in tokens if token.type in kinds)


def markers(source: str) -> Counter[str]:
    text = prose(source)
    return Counter({name: len(re.findall(rf"\b(?:{words})\b", text, re.I)) for name, words in MARKERS.items()})


def counted(room: str) -> tuple[int, Counter[str]]:
    """Lines of a room, and how often it has each marker."""
    sources = [path.read_text(encoding="utf-8") for path in (SOURCE / room).rglob("*.py")]
    return sum(len(source.splitlines()) for source in sources), sum(map(markers, sources), Counter())


@pytest.mark.parametrize("room", ROOMS)
def test_the_old_dialect_is_rare(room):
    lines, found = counted(room)
    share = lines * PER_1000_LINES / 1000
    allowed = int(share) if room == "." else math.ceil(share)
    assert not {name: count for name, count in found.items() if count > allowed}


def test_markers_are_seen_in_prose_only():
    source = '"""It says\nwhat is told."""\ntold = own(said)  # stands anew\nraise E(f"goes on {lies_in} of its own")\n'
    assert +markers(source) == Counter(["say", "what is", "told", "stand", "anew", "go on", "own"])
    assert +markers('"""a\nb in front\nof c: owner, beside_x, Behind"""') == Counter(["in front of", "behind"])
