"""Of whatever texts: no group in two splits, a vocabulary of the training part alone, and sentences that come back."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from unrolled.data import PairTable, TextTable, TreebankTags
from unrolled.data.sequences.labelled_text import Example
from unrolled.data.splits import split_groups
from unrolled.data.tokens.subwords import LEAST
from unrolled.data.translation.pair_vocabulary import PairVocabularies, PairVocabulary, split_tokens
from unrolled.data.translation.sentences import prepare
from unrolled.errors import InputError
from unrolled.functional.translation import UNKNOWN

SPLITS = ("train", "valid", "test")
WORDS = st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=3).map(" ".join)
GROUPS = st.sampled_from(["", "", *(f"author {number}" for number in range(12))])
SHARES = [[0.6, 0.2, 0.2], [0.5, 0.5], [0.2] * 5]
anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def disjoint(homes):
    return not (homes[0] & homes[1] or homes[0] & homes[2] or homes[1] & homes[2])


def ready(data, load):
    """Set up with what `load` says; where the draw has left nothing to train on, there is nothing to show."""
    data.load = load
    try:
        data.setup("fit")
    except InputError:
        assume(False)
    return data


def of_words(vocabulary):
    return {token for token in vocabulary.tokens if not token.startswith("<")}


@pytest.mark.filterwarnings("ignore::unrolled.errors.InputWarning")
@settings(max_examples=60)
@given(
    st.lists(st.tuples(WORDS, st.sampled_from("xy"), GROUPS), min_size=8, max_size=40),
    st.integers(0, 9),
)
def test_labelled_texts(rows, seed):
    """A text that repeats lies in one split, and so does a group."""
    data = TextTable("unread", valid_fraction=0.2, test_fraction=0.2, seed=seed)
    ready(data, lambda: {"train": [Example(*row) for row in rows]})
    assert disjoint([{example.text for example in data.examples[name]} for name in SPLITS])
    assert disjoint([{example.group for example in data.examples[name]} - {""} for name in SPLITS])
    assert sum(map(len, data.examples.values())) == len(rows)
    assert of_words(data.vocabulary) == {word for one in data.examples["train"] for word in one.text.split()}
    assert data.classes == sorted({one.label for one in data.examples["train"]})


@given(st.lists(st.tuples(WORDS, GROUPS), min_size=1, max_size=40), st.integers(0, 9), st.sampled_from(SHARES))
def test_texts_of_one_group_each_are_dealt_by_it(rows, seed, shares):
    """What hangs together by texts changes nothing where no text stands in two groups."""
    group_of = dict(rows)
    examples = [Example(text, str(number), group_of[text]) for number, (text, _) in enumerate(rows)]
    expected = split_groups([one.group or one.text for one in examples], shares, seed)
    found = TextTable("unread", seed=seed).partition(examples, shares)
    assert [[int(one.label) for one in part] for part in found] == expected


@pytest.mark.filterwarnings("ignore::unrolled.errors.InputWarning")
@settings(max_examples=30)
@given(st.fixed_dictionaries({name: st.lists(WORDS, min_size=1, max_size=5) for name in SPLITS}))
def test_tagged_texts(parts):
    said = {name: [[(word, "T") for word in text.split()] for text in part] for name, part in parts.items()}
    said["train"].append([("z", "U")])
    data = ready(TreebankTags(), lambda: said)
    assert of_words(data.vocabulary) == {word for sentence in said["train"] for word, _ in sentence}
    assert data.classes == ["T", "U"]


@pytest.mark.filterwarnings("ignore::unrolled.errors.InputWarning")
@settings(max_examples=60)
@given(st.lists(st.tuples(WORDS, WORDS), min_size=15, max_size=60), st.sampled_from(["word", "character"]))
def test_pairs(rows, level):
    data = PairTable("unread", level=level, valid_fraction=0.3, test_fraction=0.3)
    data.read = lambda: rows
    ready(data, data.load)
    assert disjoint([{source for source, _ in data.texts[name]} for name in SPLITS])
    assert sorted(pair for name in SPLITS for pair in data.texts[name]) == sorted(rows)
    for side, vocabulary in enumerate(data.vocabularies):
        known = {token for pair in data.texts["train"] for token in split_tokens(pair[side], level)}
        assert of_words(vocabulary) == known


@given(st.lists(anything, max_size=4), st.sampled_from(["word", "character", "subword"]))
def test_sentences_of_pairs_come_back(sentences, level):
    """As they were prepared; of the training part every token is known, and none but they are written."""
    prepared = [prepare(sentence) for sentence in sentences]
    sides = PairVocabularies.build(
        [(one, one[::-1]) for one in prepared], level, LEAST + 20 if level == "subword" else None
    )
    for side, vocabulary in enumerate(sides):
        for one in (text[::-1] if side else text for text in prepared):
            numbers = vocabulary.encode(one).tolist()
            assert vocabulary.write(numbers) == one and all(number > 2 for number in numbers)
    again = PairVocabularies.from_state(sides.state())
    assert [again.source.encode(one).tolist() for one in prepared] == [
        sides.source.encode(one).tolist() for one in prepared
    ]


@pytest.mark.parametrize("token", ["<unk>", "<bos>", "<eos>"])
def test_a_special_token_that_someone_wrote_is_none(token):
    """Else a sentence would end where it stands."""
    vocabulary = PairVocabulary.build([f"a {token} b"], "word")
    assert vocabulary.tokens == ["<unk>", "<bos>", "<eos>", "a", "b"]
    assert vocabulary.encode(f"a {token} b").tolist() == [3, UNKNOWN, 4]
