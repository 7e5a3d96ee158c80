import re

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unrolled.data.tokens.vocabulary import Vocabulary
from unrolled.errors import InputError

ordinary_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


@given(ordinary_text)
def test_characters_come_back(text):
    assert Vocabulary.build(text, "character").decode(Vocabulary.build(text, "character").encode(text)) == text


@given(ordinary_text)
def test_words_and_line_ends_come_back(text):
    vocabulary = Vocabulary.build(text, "word")
    tidy = "\n".join(" ".join(line.split()) for line in text.split("\n"))
    assert vocabulary.decode(vocabulary.encode(text)) == tidy


def test_most_frequent_first_then_alphabetical():
    vocabulary = Vocabulary.build("b a c b\na d\n", "word")
    assert vocabulary.tokens == ["<unk>", "<bos>", "<eos>", "a", "b", "c", "d"]
    assert vocabulary.encode("d b\n").tolist() == [6, 4, 2]
    assert vocabulary.begin == 1


def test_size_counts_the_special_tokens_and_the_rest_is_unknown():
    vocabulary = Vocabulary.build("b a c b\na d\n", "word", 5)
    assert len(vocabulary) == 5
    assert vocabulary.decode(vocabulary.encode("a c b\n")) == "a <unk> b\n"
    assert len(Vocabulary.build("ab", "character", 100)) == 4


def test_a_special_token_written_in_the_text_is_that_token():
    vocabulary = Vocabulary.build("the <unk> sat\n", "word")
    assert vocabulary.tokens.count("<unk>") == 1
    assert vocabulary.encode("the <unk>").tolist() == [vocabulary.tokens.index("the"), 0]


def test_the_beginning_leaves_no_trace():
    vocabulary = Vocabulary.build("ab", "character")
    assert vocabulary.decode(torch.tensor([1, 2, 3])) == "ab"
    assert vocabulary.encode("").shape == (0,)
    assert vocabulary.encode("").dtype == torch.long


def test_equal_means_same_tokens_and_same_level():
    assert Vocabulary.build("ab", "character") == Vocabulary(["<unk>", "<bos>", "a", "b"], "character")
    assert Vocabulary.build("ab", "character") != Vocabulary.build("ba c", "character")


@pytest.mark.parametrize("level, size", [("character", 2), ("word", 3), ("word", -1)])
def test_a_vocabulary_of_special_tokens_alone_is_refused(level, size):
    with pytest.raises(InputError, match=rf"vocabulary_size: expected more than .* got {size}; keep more"):
        Vocabulary.build("a b", level, size)


@pytest.mark.parametrize("tokens", [["a", "b"], ["<unk>", "<bos>", "a", "a"]])
def test_a_damaged_list_is_refused(tokens):
    with pytest.raises(InputError, match=re.escape("expected <unk>, <bos> first and every token once")):
        Vocabulary(tokens, "character")
