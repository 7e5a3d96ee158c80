"""Run a trial in a separate process, so that a crash or an out-of-memory kill ends only that trial.

A fork server imports torch, Lightning and W&B once (3.5 seconds), so that each trial starts in milliseconds.  The trial
sends messages to its worker through a pipe: ("validated", step, metrics), answered with whether to continue, and at the
end ("finished", metrics), ("refused", reason) or ("failed", reason).  Only the worker uses Optuna.
"""

import importlib
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any, NamedTuple

from unrolled.errors import InputError, UnrolledError

CONTEXT = multiprocessing.get_context("forkserver")
TRAIN = "unrolled.tuning.trial_run:train"
EXIT_TIMEOUT = 60  # seconds that the process of a finished trial may take to exit

Metrics = dict[str, float]
ShouldContinue = Callable[[int, Metrics], bool]  # (optimizer steps, metrics) -> whether the trial continues


class TrialFailed(Exception):
    """The trial failed and has no result; the study continues."""


class TrialRefused(TrialFailed):
    """The trial's input was wrong; nothing was trained."""


class Interrupted(Exception):
    """The worker was stopped; the trial must run again."""


class TrialJob(NamedTuple):
    """Input of a trial's process."""

    recipe: dict[str, Any]
    folder: Path  # run folder
    study: str
    log: Path  # file for the output of the run
    train: str = TRAIN  # `module:function` of (recipe, folder, study, should_continue) -> final metrics


def run_trial(trial: TrialJob, should_continue: ShouldContinue, stop: threading.Event) -> Metrics:
    """Run a trial to its end and return its final metrics.

    Raises:
        TrialFailed: the trial raised an error or its process died; the message gives the reason in one line.
        TrialRefused: the trial raised InputError.
        Interrupted: `stop` was set.
    """
    multiprocessing.set_forkserver_preload([trial.train.partition(":")[0]])
    here, there = CONTEXT.Pipe()
    process = CONTEXT.Process(target=_trial_main, args=(trial, there))
    try:
        process.start()
        there.close()
        kind, result = _serve(process, here, should_continue, stop)
        process.join(EXIT_TIMEOUT)
    except (EOFError, OSError) as error:
        raise TrialFailed(f"no connection to its process: {error!r}") from None
    finally:
        if process.exitcode != 0:
            _end(process)
        here.close()
    if kind in ("refused", "failed"):
        raise (TrialRefused if kind == "refused" else TrialFailed)(result)
    return result


def _serve(
    process: ForkServerProcess, pipe: Connection, should_continue: ShouldContinue, stop: threading.Event
) -> tuple[str, Any]:
    """Answer the trial's messages until its final message, which is returned."""
    while True:
        wait([pipe, process.sentinel], timeout=0.2)
        if stop.is_set():
            raise Interrupted
        try:
            if pipe.poll():
                match pipe.recv():
                    case ("validated", step, metrics):
                        pipe.send(should_continue(step, metrics))
                    case final:
                        return final
            elif process.exitcode is not None:
                raise EOFError
        except (EOFError, ConnectionError):  # it exited without a final message
            process.join()
            raise TrialFailed(_cause_of_death(process)) from None


def _cause_of_death(process: ForkServerProcess) -> str:
    code = process.exitcode or 0
    if code == -signal.SIGKILL:
        return "its process was killed (SIGKILL); it may have run out of memory"
    return f"its process died ({signal.Signals(-code).name})" if code < 0 else f"its process exited with code {code}"


def _end(process: ForkServerProcess) -> None:
    """Kill the process and its children."""
    if process.pid is None:
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join()


def _trial_main(trial: TrialJob, pipe: Connection) -> None:
    """Entry point of a trial's process."""
    os.setpgid(0, 0)  # a separate process group: Ctrl-C reaches only the launcher, `_end` kills the group
    threading.Thread(target=_die_with_worker, daemon=True).start()
    os.environ.pop("WANDB_SERVICE", None)  # start a separate W&B service: another process could end a shared one
    trial.log.parent.mkdir(parents=True, exist_ok=True)
    with trial.log.open("a") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)

    def should_continue(step: int, metrics: Metrics) -> bool:
        pipe.send(("validated", step, metrics))
        return bool(pipe.recv())

    try:
        module, _, function = trial.train.partition(":")
        train = vars(importlib.import_module(module))[function]
        pipe.send(("finished", train(trial.recipe, trial.folder, trial.study, should_continue)))
    except BaseException as error:  # SystemExit too: it would exit without a message
        traceback.print_exc()
        pipe.send(("refused" if isinstance(error, InputError) else "failed", _reason(error)))


def _reason(error: BaseException) -> str:
    """An error in one line."""
    message = " ".join(str(error).split())
    return message if isinstance(error, UnrolledError) else f"{type(error).__name__}: {message}"


def _die_with_worker() -> None:
    """Kill the process group as soon as the worker has ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.killpg(0, signal.SIGKILL)
