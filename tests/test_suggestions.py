"""The nearest name of a misspelling; arguments of architectures and data sets: the error names class and argument."""

import pickle

import pytest

import unrolled
from unrolled.errors import InputError, UnknownArgument
from unrolled.suggestions import check_keywords, expected, nearest, quoted


@pytest.mark.parametrize(
    ("name", "wrong", "hint"),
    [
        ("LSTM", "hiden_size", "Did you mean hidden_size?"),
        ("LSTM", "zoneout_cel", "Did you mean zoneout_cell?"),
        ("GRUD", "hiden_size", "Did you mean hidden_size?"),
        ("MultiInput", "branch", "Did you mean branches?"),
        ("CO2", "horizn", "Did you mean horizon?"),
        ("CO2", "xyzzy", "Its arguments: step, batch_size, "),
        ("TextFile", "pth", "Did you mean path?"),
        ("CopyMemory", "dely", "Did you mean delay?"),
    ],
)
def test_a_misspelt_keyword_names_the_class_of_the_call(name: str, wrong: str, hint: str) -> None:
    with pytest.raises(TypeError) as caught:
        getattr(unrolled, name)(**{wrong: 1})
    assert isinstance(caught.value, InputError)
    assert str(caught.value).startswith(f"{name} has no argument {wrong!r}. {hint}") and "\n" not in str(caught.value)


def test_pickle_needs_no_keywords() -> None:
    made = unrolled.LSTM(input_size=2, hidden_size=3)
    assert pickle.loads(pickle.dumps(made)).arguments == made.arguments  # noqa: S301  our bytes


def test_keywords_that_are_passed_on_without_end_are_accepted() -> None:
    class Open:
        def __init__(self, **kwargs: object) -> None: ...

    class Closed(Open):
        def __init__(self, *, first: int = 0) -> None: ...

    check_keywords(Open, ["anything"])
    with pytest.raises(UnknownArgument, match="Closed has no argument 'frist'. Did you mean first"):
        check_keywords(Closed, ["frist"])


def test_a_quoted_value_has_at_most_80_characters() -> None:
    assert quoted("short") == "'short'"
    assert len(quoted("a" * 1000)) == 80 and quoted("a" * 1000).endswith("...")


@pytest.mark.parametrize(
    ("word", "choices", "near"),
    [
        ("LSTN", ["GRU", "LSTM"], "LSTM"),
        ("lr", ["optimizer.init_args.lr", "seed"], "optimizer.init_args.lr"),
        ("data.init_args.time", ["data.init_args.since", "data.init_args.time_column"], "data.init_args.time_column"),
        ("zzz", ["GRU", "LSTM"], None),
    ],
)
def test_nearest(word: str, choices: list[str], near: str | None) -> None:
    assert nearest(word, choices) == near


def test_few_names_are_listed_and_many_are_not() -> None:
    assert expected("LSTN", ["LSTM", "GRU"]) == "expected one of GRU, LSTM, got 'LSTN'. Did you mean LSTM?"
    assert expected("seet", ["seed", *map(str, range(20))]) == "unknown 'seet'. Did you mean seed?"
