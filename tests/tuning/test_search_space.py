"""A space gives every trial values of the kind, range and condition that it says."""

from typing import Any

import optuna
import pytest

from unrolled.errors import InputError
from unrolled.tuning import search_space

SPACE: search_space.Space = {
    "cell": {"categorical": ["LSTM", "GRU"]},
    "hidden": {"int": [4, 20], "step": 4},
    "layers": {"int": [1, 8], "log": True},
    "rate": {"float": [1e-5, 1e-1], "log": True},
    "bias": {"float": [0, 1], "when": {"cell": "LSTM"}},
    "chrono": {"categorical": [None, 2, True], "when": {"cell": "LSTM", "layers": 1}},
}


def draw(number: int) -> list[dict[str, Any]]:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    return [search_space.suggest(study.ask(), SPACE) for _ in range(number)]


def test_values_are_of_their_kind_and_range() -> None:
    drawn = draw(200)
    assert {chosen["cell"] for chosen in drawn} == {"LSTM", "GRU"}
    assert {chosen["hidden"] for chosen in drawn} == {4, 8, 12, 16, 20}
    assert {type(chosen["layers"]) for chosen in drawn} == {int}
    assert all(1e-5 <= chosen["rate"] <= 1e-1 for chosen in drawn)


def test_log_spends_as_many_trials_on_each_decade() -> None:
    low = sum(chosen["rate"] < 1e-3 for chosen in draw(400))  # two of the four decades
    assert 160 <= low <= 240  # 200 expected; a linear scale would give 4


def test_a_parameter_is_chosen_only_beside_its_condition() -> None:
    for chosen in draw(200):
        assert ("bias" in chosen) == (chosen["cell"] == "LSTM")
        assert ("chrono" in chosen) == (chosen["cell"] == "LSTM" and chosen["layers"] == 1)


def test_corners_show_every_end_and_category_where_it_matters() -> None:
    corners = list(search_space.corners(SPACE))
    for path, ends in [("hidden", {4, 20}), ("layers", {1, 8}), ("rate", {1e-5, 1e-1}), ("cell", {"LSTM", "GRU"})]:
        assert {corner[path] for corner in corners} == ends
    assert {corner["chrono"] for corner in corners if "chrono" in corner} == {None, 2, True}
    for corner in corners:
        assert ("bias" in corner) == (corner["cell"] == "LSTM")


def test_a_condition_may_stand_on_another() -> None:
    chain: search_space.Space = {
        "a": {"categorical": [1, 2]},
        "b": {"float": [0, 1], "when": {"a": 2}},
        "c": {"int": [5, 6], "when": {"b": 1}},
    }
    search_space.check_space(chain)
    assert {"a": 2, "b": 1, "c": 6} in list(search_space.corners(chain))


def test_a_sound_space_passes() -> None:
    search_space.check_space(SPACE)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (None, "expected one of {int: "),
        ({}, "expected one of {int: "),
        ({"int": [1, 2], "float": [1, 2]}, "expected one of {int: "),
        ({"uniform": [1, 2]}, "expected one of {int: "),
        ({"int": [1, 2], "lgo": True}, "Did you mean log?"),
        ({"float": [0.1, 2], "step": 1}, "key with float: expected one of log, when, got 'step'"),
        ({"categorical": [1], "log": True}, "key with categorical: expected one of when, got 'log'"),
        ({"int": 5}, "int: expected [low, high], two numbers of type int, got 5"),
        ({"int": [1, 2, 3]}, "got [1, 2, 3]"),
        ({"int": [1, 2.5]}, "two numbers of type int, got [1, 2.5]"),
        ({"int": [True, 2]}, "got [True, 2]"),
        ({"float": ["low", 2]}, "two numbers of type float, got ['low', 2]"),
        ({"float": [0, float("inf")]}, "got [0, inf]"),
        ({"float": [float("nan"), 1]}, "got [nan, 1]"),
        ({"float": [2, 1]}, "expected low <= high, got [2, 1]"),
        ({"float": [0, 1], "log": True}, "expected a range above 0, got [0, 1]"),
        ({"float": [1, 2], "log": "yes"}, "log: expected true or false, got 'yes'"),
        ({"int": [1, 9], "step": 0}, "step: expected an integer of 1 or more, got 0"),
        ({"int": [1, 9], "step": 0.5}, "step: expected an integer of 1 or more, got 0.5"),
        ({"int": [1, 9], "step": 2, "log": True}, "either log or step"),
        ({"categorical": []}, "expected a list of one or more plain values, got []"),
        ({"categorical": "LSTM"}, "got 'LSTM'"),
        ({"categorical": [{"class_path": "os.system"}]}, "plain values"),
        ({"int": [1, 9], "when": "cell"}, "when: expected {dotted.path: value}, got 'cell'"),
        ({"int": [1, 9], "when": {"later": 1}}, "expected a path listed earlier in space, got 'later'"),
        ({"int": [1, 9], "when": {"cell": 2}}, "expected a value that cell can take, of [1], got 2"),
    ],
)
def test_an_unsound_entry_is_refused_by_name(spec: Any, message: str) -> None:
    with pytest.raises(InputError) as raised:
        search_space.check_space({"cell": {"categorical": [1]}, "a.b": spec, "later": {"categorical": [1]}})
    assert message in str(raised.value)
    assert str(raised.value).startswith("space.a.b: ")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("nothing", [None, {}, [], "rate"])
def test_an_empty_space_is_refused(nothing: Any) -> None:
    with pytest.raises(InputError, match="space: expected at least one"):
        search_space.check_space(nothing)
