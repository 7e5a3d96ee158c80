"""A worker: the budget is met exactly, a bad trial fails alone, an interrupted one runs again."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from optuna.study import _optimize
from optuna.trial import TrialState

from unrolled.tuning import sweep_file
from unrolled.tuning.study_folder import prepare_study
from unrolled.tuning.worker import Worker

from .conftest import RATE, WriteSweep, study_in
from .test_trial_process import eventually, gone

FOLDER = Path("study")
Work = Callable[..., Any]


@pytest.fixture
def ready(write_sweep: WriteSweep) -> Work:
    """`ready(trials=3)` prepares a study of that sweep in FOLDER."""

    def make(**changes: Any) -> None:
        prepare_study(sweep_file.read_sweep(write_sweep(**changes)), FOLDER, "sweep.yaml")

    return make


def work(name: str, stop: threading.Event | None = None) -> list[Any]:
    Worker(FOLDER, stop or threading.Event(), f"standin:{name}").work()
    return study_in(FOLDER).get_trials()


def states(trials: list[Any]) -> list[str]:
    return [trial.state.name for trial in trials]


def test_trials_run_with_what_was_chosen_for_them(ready: Work) -> None:
    ready(trials=3)
    trials = work("quadratic")
    assert states(trials) == ["COMPLETE"] * 3
    for trial in trials:
        assert (FOLDER / f"trials/{trial.number}/rate").read_text() == repr(trial.params[RATE])
    assert states(work("quadratic")) == ["COMPLETE"] * 3  # nothing is left to do


@pytest.mark.parametrize(
    ("name", "reason"),
    [("second_is_killed", "its process was killed (SIGKILL)"), ("second_is_nan", "val/loss is nan")],
)
def test_a_bad_trial_fails_alone_and_is_made_up_for(ready: Work, name: str, reason: str) -> None:
    ready(trials=3)
    trials = work(name)
    assert states(trials) == ["COMPLETE", "FAIL", "COMPLETE", "COMPLETE"]
    assert trials[1].user_attrs["failure"].startswith(reason)


def test_a_broken_recipe_does_not_fail_for_ever(ready: Work) -> None:
    ready(trials=3)
    assert states(work("broken")) == ["FAIL"] * 3


def test_a_metric_that_was_never_logged_is_named(ready: Work) -> None:
    ready(trials=1, objective={"metric": "val/los"})
    (trial,) = work("quadratic")
    assert trial.state == TrialState.FAIL
    assert "objective.metric: expected one of val/loss, got 'val/los'" in trial.user_attrs["failure"]


def test_a_pruned_trial_stops_early_and_counts(ready: Work) -> None:
    ready(trials=3, pruner={"MedianPruner": {"n_startup_trials": 1}})
    trials = work("chatty")
    assert states(trials) == ["COMPLETE", "PRUNED", "PRUNED"]  # each is worse than the one before
    assert [(FOLDER / f"trials/{number}/steps").read_text() for number in range(3)] == ["10", "1", "1"]
    assert trials[0].intermediate_values == dict.fromkeys(range(1, 11), 0.0)


def test_a_trial_is_told_its_threads_and_its_study(ready: Work) -> None:
    ready(trials=1, threads=3, objective={"metric": "threads of stand-in"})
    subprocess.run([sys.executable, "-m", "unrolled.tuning", str(FOLDER), "--train", "standin:chatty"], check=True)
    (trial,) = study_in(FOLDER).get_trials()
    assert trial.value == 3.0


def test_an_interrupted_trial_runs_again_with_its_parameters(ready: Work) -> None:
    ready(trials=2)
    stop = threading.Event()
    threading.Thread(target=lambda: (eventually((FOLDER / "trials/0/pids").exists), stop.set())).start()
    interrupted = work("endless", stop)
    assert states(interrupted) == ["FAIL", "WAITING"]
    trials = work("quadratic")
    assert states(trials) == ["FAIL", "COMPLETE", "COMPLETE"]
    assert trials[1].params == trials[0].params
    assert trials[2].params != trials[0].params


def test_a_killed_worker_takes_its_trial_along_and_another_runs_it_again(ready: Work) -> None:
    ready(trials=2)
    command = [sys.executable, "-m", "unrolled.tuning", str(FOLDER), "--train", "standin:endless"]
    worker = subprocess.Popen(command)
    started = [int(pid) for pid in _read(FOLDER / "trials/0/pids").split()]
    worker.kill()
    worker.wait()
    assert all(eventually(lambda pid=pid: gone(pid)) for pid in started)  # the run, its child and the fork server
    assert states(study_in(FOLDER).get_trials()) == ["RUNNING"]
    trials = work("quadratic")  # waits for the heartbeat to be missed
    assert states(trials) == ["FAIL", "COMPLETE", "COMPLETE"]
    assert trials[0].params in [trials[1].params, trials[2].params]


def _read(file: Path) -> str:
    assert eventually(file.exists)
    return file.read_text()


def test_a_trial_that_was_given_up_meanwhile_does_not_end_its_worker(ready: Work) -> None:
    ready(trials=2)
    worker = Worker(FOLDER, threading.Event(), "standin:slow")
    study = study_in(FOLDER)

    def give_up() -> None:
        assert eventually(lambda: study.get_trials(deepcopy=False))
        study.tell(0, state=TrialState.FAIL)  # as another worker does when a heartbeat is missed

    threading.Thread(target=give_up).start()
    worker.work()
    assert states(study.get_trials()) == ["FAIL", "COMPLETE", "COMPLETE"]


def test_a_trial_may_be_given_up_between_its_end_and_its_being_told(
    ready: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    ready(trials=1)
    study, tell = study_in(FOLDER), _optimize._tell_with_warning

    def late(*given: Any, **named: Any) -> Any:
        if len(study.get_trials(deepcopy=False)) == 1:
            study.tell(0, state=TrialState.FAIL)
        return tell(*given, **named)

    monkeypatch.setattr(_optimize, "_tell_with_warning", late)
    Worker(FOLDER, threading.Event(), "standin:slow").work()
    assert states(study.get_trials()) == ["FAIL", "COMPLETE"]
