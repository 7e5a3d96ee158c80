"""Subwords against pairs merged by hand; every text comes back."""

import json
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unrolled.data.tokens.subwords import LEAST, Subwords
from unrolled.errors import InputError

TEXTS = ["low lower lowest", "new newer newest wider", "low low new", "été à la fenêtre\n\nété"]
KNOWN = Subwords.build(TEXTS, LEAST + 40)
anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


@given(anything)
def test_every_text_comes_back(text):
    numbers = KNOWN.encode(text)
    assert KNOWN.decode(numbers) == text == KNOWN.write(numbers.tolist())
    assert not len(numbers) or 3 <= int(numbers.min()) <= int(numbers.max()) < len(KNOWN)


@settings(max_examples=30)
@given(st.lists(anything, max_size=4), anything)
def test_what_it_was_trained_on_and_what_not_comes_back(texts, text):
    made = Subwords.build(texts, LEAST + 20)
    assert made.decode(made.encode(text)) == text and LEAST <= len(made) <= LEAST + 20


def joined(word, pair):
    out, place = [], 0
    while place < len(word):
        both = word[place : place + 2] == pair
        out.append("".join(pair) if both else word[place])
        place += 2 if both else 1
    return tuple(out)


def test_each_merge_is_of_a_most_frequent_pair():
    made = Subwords.build(TEXTS[:3], LEAST + 12)
    assert len(made.merges) == 12
    words = Counter(("Ġ", *word) for text in TEXTS[:3] for word in text.split())
    for merge in made.merges:
        pairs = Counter()
        for word, times in words.items():
            for pair in pairwise(word):
                pairs[pair] += times
        chosen = tuple(merge.split(" "))
        assert pairs[chosen] == max(pairs.values()) and "".join(chosen) in made.tokens
        words = Counter({joined(word, chosen): times for word, times in words.items()})
    for word in TEXTS[0].split():  # encoding merges in that order
        parts = ("Ġ", *word)
        for merge in made.merges:
            parts = joined(parts, tuple(merge.split(" ")))
        assert tuple(made.tokens[number] for number in made.encode(word).tolist()) == parts


def test_the_same_texts_give_the_same_subwords_in_another_process():
    code = (
        "import json; from unrolled.data.tokens.subwords import Subwords;"
        f"made = Subwords.build({TEXTS!r}, {LEAST + 40}); print(json.dumps([made.tokens, made.merges]))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(ended.stdout) == [KNOWN.tokens, KNOWN.merges]


def test_what_a_checkpoint_keeps_is_the_same_again():
    kept = json.loads(json.dumps({"tokens": KNOWN.tokens, "merges": KNOWN.merges}))
    again = Subwords(**kept)
    assert again == KNOWN != Subwords(KNOWN.tokens, KNOWN.merges[:-1])
    assert again.encode("lowest été").tolist() == KNOWN.encode("lowest été").tolist()


def test_a_word_has_the_same_pieces_wherever_it_stands():
    assert KNOWN.encode("new low").tolist() == [*KNOWN.encode("new").tolist(), *KNOWN.encode("low").tolist()]
    assert KNOWN.words(KNOWN.encode("low, new").tolist()) == ["▁low", ",", "▁new"]


def test_special_tokens_in_a_text_are_letters():
    assert KNOWN.tokens[:3] == ["<unk>", "<bos>", "<eos>"] and KNOWN.begin == 1
    numbers = KNOWN.encode("<bos> <unk>").tolist()
    assert min(numbers) > 2 and KNOWN.write([1, *numbers]) == "<bos> <unk>"
    assert KNOWN.write([KNOWN.tokens.index("Ã")]) == "\ufffd"  # half of a letter


@pytest.mark.parametrize("size", [None, 0, LEAST])
def test_too_few_are_refused(size):
    told = "null" if size is None else size
    with pytest.raises(InputError, match=f"vocabulary_size: expected more than 259 for subwords, got {told}$"):
        Subwords.build(["a"], size)


@pytest.mark.parametrize(
    ("tokens", "merges"),
    [
        (KNOWN.tokens[1:], KNOWN.merges),
        ([*KNOWN.tokens, "Ġlow"], KNOWN.merges),
        (KNOWN.tokens[:100], []),
        (KNOWN.tokens, [*KNOWN.merges, "q q"]),
        (KNOWN.tokens, [*KNOWN.merges, "lowe r"]),
    ],
)
def test_a_damaged_list_is_refused(tokens, merges):
    with pytest.raises(InputError, match=r"vocabulary: expected <unk>, <bos>, <eos> first, all bytes"):
        Subwords(tokens, merges)
