"""Sentences about studies against numbers worked out by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unrolled.reports.narrative.study_findings import best_trial, edges, most_important, study_cautions, study_findings
from unrolled.reports.records import Parameter, Study, Trial


def study(*values: float, maximize: bool = False, **more: object) -> Study:
    trials = tuple(Trial(number, "complete", value) for number, value in enumerate(values))
    return Study("s", "runs/s", "val/loss", maximize, trials=trials, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "maximize", "sentences"),
    [
        ((1.5, 2.0, 3.0), False, "Trial 0 is the best with val/loss 1.500, 25.0 % below the median of 3 completed"),
        ((1.5, 2.0, 3.0), True, "Trial 2 is the best with val/loss 3.000, 50.0 % above the median of 3 completed"),
        ((1.0, 1.0, 2.0), False, "Trial 0 is the best with val/loss 1.000, equal to the median of 3 completed"),
        ((1.0, 1.0005, 1.001), False, "1.000, less than 0.05 % below the median"),
        ((-3.0, -1.0, 0.5), False, "with val/loss -3.000, 2.000 below the median of 3 completed trials (-1.000)."),
        ((2.0, 2.0), False, "All 2 trials with a final value reached the same val/loss, 2.000."),
        ((2.0,), False, "Only trial 0 ended with a finite value, with val/loss 2.000: there is no median"),
        ((2.0, math.inf), False, "Only trial 0 ended with a finite value, with val/loss 2.000: there is no median"),
        ((math.inf, math.nan), False, "No trial completed with a finite value, so none is the best."),
        ((), False, ""),
    ],
)
def test_best_beside_the_median(values: tuple[float, ...], maximize: bool, sentences: str) -> None:
    sentence = best_trial(study(*values, maximize=maximize)).replace("\u00a0", " ")
    assert sentences in sentence
    assert bool(sentences) == bool(sentence)


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=9), st.booleans())
def test_below_and_above_are_true(values: list[float], maximize: bool) -> None:
    made = study(*values, maximize=maximize)
    sentence, best = best_trial(made), made.ranked[0].value
    assert best == (max(values) if maximize else min(values))
    middle = (sorted(values)[len(values) // 2] + sorted(values)[(len(values) - 1) // 2]) / 2
    assert ("below the median" in sentence) <= (best < middle)
    assert ("above the median" in sentence) <= (best > middle)
    assert ("equal to the median" in sentence) <= (best == middle)


def test_every_state_is_counted() -> None:
    states = ["complete", "complete", "pruned", "failed", "interrupted", "running", "waiting"]
    trials = tuple(Trial(number, state, 1.0 + number) for number, state in enumerate(states))
    sentences = study_findings(Study("s", "runs/s", trials=trials))[0]
    assert sentences == (
        "The sweep s has 7 trials: 2 completed, 1 pruned, 1 failed, 1 interrupted, 1 running and 1 waiting."
    )
    assert study_findings(Study("s", "runs/s")) == ["The sweep s has no trials."]


def test_importance_in_words() -> None:
    parameters = {name: Parameter(name) for name in ("a.lr", "b.hidden_size")}
    first = study(importance={"a.lr": 0.7, "b.hidden_size": 0.3}, parameters=parameters)
    assert most_important(first).replace("\u00a0", " ") == (
        "The hyper-parameter that mattered most is lr (70.0 % of the importance), before hidden_size (30.0 %)."
    )
    level = study(importance={"a.lr": 0.502, "b.hidden_size": 0.498}, parameters=parameters)
    assert most_important(level).startswith("No hyper-parameter dominates: lr (50.2\u00a0%")
    assert most_important(study()) == ""


def test_thin_evidence_is_told() -> None:
    trials = [Trial(0, "complete", 1.0), Trial(1, "complete", math.inf), Trial(2, "failed"), Trial(3, "interrupted")]
    sentences = study_cautions(
        Study("s", "runs/s", trials=(*trials, Trial(4, "running")), problems=("study.yaml is missing.",))
    )
    assert sentences == [
        "s: study.yaml is missing.",
        "1 trial of s failed and left no final value.",
        "1 trial of s was interrupted and left no final value.",
        "1 trial of s had not ended when this page was made.",
        "Only 2 trials of s completed: the sweep's ranking of hyper-parameters is only a hint.",
        "1 completed trial of s ended without a finite value.",
    ]


def test_enough_trials_leave_one_caution() -> None:
    (caution,) = study_cautions(study(*range(1, 21)))
    assert caution.startswith("The best trial of s was selected by the value shown here")


def test_no_completed_trial_says_nothing() -> None:
    sentences = study_cautions(Study("s", "runs/s", trials=(Trial(0, "pruned"),)))
    assert sentences == ["No trial of s completed: the sweep's ranking of hyper-parameters is not available yet."]


@pytest.mark.parametrize(
    ("value", "log", "end"),
    [
        (1e-4, True, "lower end of its range (0.0001)"),
        (1.3e-4, True, "lower end"),  # log10: 0.114 of 3, or 4 % of the range
        (1.5e-4, True, ""),  # 6 %
        (9e-2, True, "upper end of its range (0.1)"),
        (9e-2, False, ""),
        (9.6e-2, False, "upper end"),
        (1e-2, True, ""),
        ("GRU", False, ""),
    ],
)
def test_the_edge_of_a_range(value: object, log: bool, end: str) -> None:
    trials = (Trial(0, "complete", 1.0, {"a.lr": value}), Trial(1, "complete", 2.0, {"a.lr": 1e-2}))
    sentences = edges(Study("s", "runs/s", trials=trials, parameters={"a.lr": Parameter("a.lr", 1e-4, 1e-1, log)}))
    assert len(sentences) == bool(end)
    assert end in "".join(sentences)


def test_choices_and_single_points_have_no_edge() -> None:
    trials = (Trial(0, "complete", 1.0, {"a": 3, "b": 3, "gone": 1}),)
    parameters = {"a": Parameter("a", choices=(3, 4)), "b": Parameter("b", 3, 3)}
    assert edges(Study("s", "runs/s", trials=trials, parameters=parameters)) == []
