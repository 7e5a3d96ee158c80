"""A worker asks, waits or stops by what has finished, what runs and what has failed."""

import math
import time
from collections.abc import Sequence

import optuna
import pytest
from optuna.trial import TrialState

from unrolled.tuning.budget import Budget, count_finished, failures

C, P, F, R, W = (
    TrialState.COMPLETE,
    TrialState.PRUNED,
    TrialState.FAIL,
    TrialState.RUNNING,
    TrialState.WAITING,
)


def study_of(states: Sequence[TrialState], reason: bool = True) -> optuna.Study:
    study = optuna.create_study()
    for state in states:
        attributes = {"failure": "it broke"} if state == F and reason else {}
        value = 1.0 if state == C else None
        study.add_trial(optuna.trial.create_trial(state=state, value=value, user_attrs=attributes))
    return study


@pytest.mark.parametrize(
    ("states", "verdict"),
    [
        ([], "ask"),
        ([C, P], "ask"),
        ([C, R], "ask"),
        ([C, F], "ask"),  # a failed trial leaves room for another
        ([C, C, W], "ask"),  # a waiting one has not started
        ([C, C, R], "wait"),  # the last one runs, and may yet fail
        ([R, R, R], "wait"),
        ([C, C, P], "stop"),
        ([C, C, C, C], "stop"),
        ([F, F, F, F], "stop"),
        ([C, C, F, F, F, F], "stop"),
    ],
)
def test_verdict(states: list[TrialState], verdict: str) -> None:
    assert Budget(trials=3, failed=4, until=math.inf).decide(study_of(states)) == verdict


def test_no_trial_starts_after_the_time() -> None:
    study = study_of([C])
    assert Budget(3, 4, until=time.time() - 1).decide(study) == "stop"
    assert Budget(3, 4, until=time.time() + 60).decide(study) == "ask"


def test_an_interrupted_trial_is_no_failure() -> None:
    interrupted = study_of([C, F, F, P], reason=False).get_trials()
    assert not failures(interrupted)
    assert count_finished(interrupted) == 2
