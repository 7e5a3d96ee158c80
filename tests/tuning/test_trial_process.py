"""A trial's process: whatever ends it, it ends alone, says why, and leaves nothing behind."""

import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from unrolled.tuning import trial_process as trial
from unrolled.tuning.trial_process import Interrupted, Metrics, TrialFailed

from .conftest import RECIPE, WriteSweep


def gone(pid: int) -> bool:
    """Whether a process has ended; one that nobody has waited for yet has ended too."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z"


def eventually(condition: Any, seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return bool(condition())


def run(
    name: str,
    should_continue: trial.ShouldContinue = lambda *_: True,
    stop: threading.Event | None = None,
    number: int = 0,
) -> Metrics:
    given = trial.TrialJob(
        RECIPE, Path(f"trials/{number}").resolve(), "stand-in", Path("log.txt").resolve(), f"standin:{name}"
    )
    return trial.run_trial(given, should_continue, stop or threading.Event())


@pytest.fixture(autouse=True)
def _importable(write_sweep: WriteSweep) -> None:
    """The stand-ins can be imported here and in the trial's process."""


def test_metrics_come_back() -> None:
    assert run("quadratic") == {"val/loss": pytest.approx(0.0)}


def test_every_validation_is_asked_about() -> None:
    heard = []

    def should_continue(step: int, metrics: Metrics) -> bool:
        heard.append((step, metrics["val/loss"]))
        return step < 3

    run("chatty", should_continue, number=7)
    assert heard == [(1, 7.0), (2, 7.0), (3, 7.0)]
    assert Path("trials/7/steps").read_text() == "3"  # the run itself stopped there


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("broken", "step 3: the loss is nan in encoder"),
        ("leaves", "its process exited with code 3"),
        ("second_is_killed", "its process was killed (SIGKILL); it may have run out of memory"),
        ("absent", "KeyError: 'absent'"),
    ],
)
def test_a_failure_is_told_in_one_line(name: str, reason: str) -> None:
    with pytest.raises(TrialFailed) as raised:
        run(name, number=1)
    assert str(raised.value) == reason


def test_what_the_run_prints_is_kept() -> None:
    with pytest.raises(TrialFailed):
        run("broken")
    assert "what the run said\n" in Path("log.txt").read_text()
    assert "RunFailed: step 3: the loss is nan" in Path("log.txt").read_text()


def pids(number: int = 0) -> list[int]:
    file = Path(f"trials/{number}/pids")
    assert eventually(file.exists)
    return [int(pid) for pid in file.read_text().split()[:2]]


def test_a_stopped_worker_leaves_no_process() -> None:
    stop = threading.Event()
    started: list[int] = []

    def stop_when_started() -> None:
        started.extend(pids())
        stop.set()

    threading.Thread(target=stop_when_started).start()
    with pytest.raises(Interrupted):
        run("endless", stop=stop)
    assert len(started) == 2
    assert all(eventually(lambda pid=pid: gone(pid)) for pid in started)


def test_an_error_in_the_worker_leaves_no_process() -> None:
    def should_continue(step: int, metrics: Metrics) -> bool:
        raise RuntimeError("the storage is gone")

    with pytest.raises(RuntimeError, match="the storage is gone"):
        run("chatty", should_continue)
    assert Path("trials/0/steps").read_text() == "1"
