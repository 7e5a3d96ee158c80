import re
import sys
from pydoc_data.topics import topics

import pytest

from unrolled.data import PythonDocs
from unrolled.data.datasets.python_docs import split_topics, without_repeats
from unrolled.errors import InputError

SPLITS = ("train", "valid", "test")


@pytest.fixture(scope="module")
def data():
    data = PythonDocs()
    data.setup()
    return data


def paragraphs(text):
    return {" ".join(part.split()) for part in text.split("\n\n")} - {""}


def test_no_split_holds_a_paragraph_of_another(data):
    train, valid, test = (paragraphs(data.text(split)) for split in SPLITS)
    assert min(len(train), len(valid), len(test)) > 50
    assert not train & valid and not train & test and not valid & test


def test_nearly_no_long_passage_of_a_held_out_split_stands_in_training(data):
    """Paragraphs may still quote each other: 40 characters in a row, drawn lines left out, are a quotation."""
    train, valid, test = (re.sub(r"[\W_]+", " ", data.text(split)) for split in SPLITS)
    seen = {train[i : i + 40] for i in range(len(train))}
    for text in (valid, test):
        assert sum(text[i : i + 40] in seen for i in range(len(text) - 39)) < 0.02 * len(text)


def test_shares_are_kept_and_nothing_is_lost(data):
    whole = sum(len(data.text(split)) for split in SPLITS)
    assert [round(len(data.text(split)) / whole, 2) for split in SPLITS] == [0.8, 0.1, 0.1]
    everything = set().union(*map(paragraphs, topics.values()))
    assert set().union(*(paragraphs(data.text(split)) for split in SPLITS)) >= {p for p in everything if len(p) > 200}


def test_each_topic_lies_in_one_split_wherever_it_stands_in_the_dictionary():
    kept = without_repeats(topics)
    names = split_topics(kept)
    assert sorted(name for part in names.values() for name in part) == sorted(kept)
    assert split_topics(without_repeats(dict(reversed(topics.items())))) == names


def test_the_longest_topic_keeps_a_repeated_paragraph():
    assert without_repeats({"if": "one  two\n\nthree", "compound": "zero\n\n one\ntwo\n\nfour\n"}) == {
        "compound": "zero\n\n one\ntwo\n\nfour",
        "if": "three",
    }


def test_a_python_without_its_documentation(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    with pytest.raises(InputError, match="PythonDocs: expected the module pydoc_data.topics"):
        PythonDocs().setup()
