"""One declaration in many languages: no line, and no piece of one, in two splits."""

import hashlib
from collections import Counter, defaultdict
from zipfile import ZipFile

import pytest

from unrolled.data import UDHR
from unrolled.data.datasets import udhr
from unrolled.errors import InputError


@pytest.fixture
def here(corpora, monkeypatch):
    monkeypatch.setenv("NLTK_DATA", str(corpora / "nltk_data"))
    return corpora


def test_the_pin_is_that_of_the_file(here):
    content = (here / "nltk_data/corpora/udhr2.zip").read_bytes()
    assert (hashlib.sha256(content).hexdigest(), len(content)) == (udhr.SHA256, udhr.SIZE)


def test_every_piece_stands_in_its_language_and_no_line_in_two_splits(here):
    data = UDHR()
    data.prepare_data()
    data.setup("fit")
    assert data.classes == [*udhr.LANGUAGES] and len(data.classes) == 38
    assert data.vocabulary.level == "character" and data.sizes()["classes"] == 38
    with ZipFile(here / "nltk_data/corpora/udhr2.zip") as files:
        lines = {
            name: [" ".join(line.split()) for line in files.read(f"udhr2/{name}.txt").decode().splitlines()]
            for name in data.classes
        }
    splits, pieces = defaultdict(set), defaultdict(set)
    for split, examples in data.examples.items():
        for example in examples:
            assert 15 <= len(example.text) <= 30
            holding = [line for line in lines[example.label] if example.text in line]
            assert holding
            if len(holding) == 1:
                splits[example.label, holding[0]].add(split)
            pieces[data.read(example.text)].add(split)
    assert set(map(len, splits.values())) == {1} and set(map(len, pieces.values())) == {1}
    examples = [example for part in data.examples.values() for example in part]
    assert len({(example.text, example.label) for example in examples}) == len(examples) > 14_000
    counts = Counter(example.label for example in data.examples["test"])
    assert min(counts.values()) >= 10 and len(counts) == 38


def test_languages_by_name(here):
    data = UDHR(languages=["deu", "nld"], length=60)
    data.setup("fit")
    assert data.classes == ["deu", "nld"] and max(map(len, data.inputs["train"])) <= 60
    with pytest.raises(InputError, match=r"^data.init_args.languages: unknown 'por_BX'. Did you mean por_BR\?$"):
        UDHR(languages=["deu", "por_BX"]).setup("fit")
    with pytest.raises(InputError, match=r"UDHR: expected at least two classes in the .*, got 1 \(deu\)"):
        UDHR(languages=["deu"]).setup("fit")
    with pytest.raises(InputError, match="length: expected 1 character or more, got 0"):
        UDHR(length=0).setup("fit")


def test_pieces_keep_words_whole_and_leave_out_what_is_short():
    cut = udhr.pieces("  All human beings   are born free and equal  ", 12)
    assert cut == ["All human", "beings are", "born free", "and equal"]
    assert udhr.pieces("abcdefghijkl", 5) == ["abcde", "fghij"] and udhr.pieces("", 5) == []
    assert udhr.pieces("abcdefghijk lmn", 6) == ["abcdef", "ghijk", "lmn"]
