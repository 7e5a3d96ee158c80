"""The name that a misspelling most likely means."""

import pytest

from unrolled.suggestions import expected, nearest


@pytest.mark.parametrize(
    ("word", "choices", "near"),
    [
        ("LSTN", ["GRU", "LSTM"], "LSTM"),
        ("lr", ["optimizer.init_args.lr", "seed"], "optimizer.init_args.lr"),
        ("data.init_args.time", ["data.init_args.since", "data.init_args.time_column"], "data.init_args.time_column"),
        ("zzz", ["GRU", "LSTM"], None),
    ],
)
def test_nearest(word, choices, near):
    assert nearest(word, choices) == near


def test_few_names_are_listed_and_many_are_not():
    assert expected("LSTN", ["LSTM", "GRU"]) == "expected one of GRU, LSTM, got 'LSTN'. Did you mean LSTM?"
    assert expected("seet", ["seed", *map(str, range(20))]) == "unknown 'seet'. Did you mean seed?"
