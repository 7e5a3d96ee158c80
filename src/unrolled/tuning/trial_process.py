"""One trial in a process of its own: whatever ends it, a crash or an out-of-memory kill, ends it alone.

The process comes from a fork server that has imported torch, Lightning and W&B once (3.5 seconds), so that each trial
starts in milliseconds.  It talks to its worker through a pipe: ("validated", step, metrics) is answered by whether to
go on; ("finished", metrics), ("refused", reason) and ("failed", reason) are the last words.  Optuna stays on the
worker's side.
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
LAST_WORDS = 60  # seconds that a finished trial's process may take to leave

Metrics = dict[str, float]
GoOn = Callable[[int, Metrics], bool]  # (optimiser steps, metrics) -> whether the trial goes on


class TrialFailed(Exception):
    """This trial has no result; the study goes on."""


class TrialRefused(TrialFailed):
    """What this trial was given is wrong; nothing was trained."""


class Interrupted(Exception):
    """The worker was told to stop; the trial is to run again."""


class Trial(NamedTuple):
    """What a trial's process is given."""

    recipe: dict[str, Any]
    folder: Path  # of the run
    study: str
    log: Path  # what the run prints
    train: str = TRAIN  # `module:function` of (recipe, folder, study, go_on) -> final metrics


def run(trial: Trial, go_on: GoOn, stop: threading.Event) -> Metrics:
    """Run a trial to its end and return its final metrics.

    Raises:
        TrialFailed: it raised, or its process died; the reason in one line.
        TrialRefused: it raised InputError.
        Interrupted: `stop` was set meanwhile.
    """
    multiprocessing.set_forkserver_preload([trial.train.partition(":")[0]])
    here, there = CONTEXT.Pipe()
    process = CONTEXT.Process(target=_run_here, args=(trial, there))
    try:
        process.start()
        there.close()
        word, last = _listen(process, here, go_on, stop)
        process.join(LAST_WORDS)
    except (EOFError, OSError) as error:
        raise TrialFailed(f"its process could not be reached: {error!r}") from None
    finally:
        if process.exitcode != 0:
            _end(process)
        here.close()
    if word in ("refused", "failed"):
        raise (TrialRefused if word == "refused" else TrialFailed)(last)
    return last


def _listen(process: ForkServerProcess, pipe: Connection, go_on: GoOn, stop: threading.Event) -> tuple[str, Any]:
    """Answer the trial's questions until its last words, which are returned."""
    while True:
        wait([pipe, process.sentinel], timeout=0.2)
        if stop.is_set():
            raise Interrupted
        try:
            if pipe.poll():
                match pipe.recv():
                    case ("validated", step, metrics):
                        pipe.send(go_on(step, metrics))
                    case last:
                        return last
            elif process.exitcode is not None:
                raise EOFError
        except (EOFError, ConnectionError):  # it left without a last word
            process.join()
            raise TrialFailed(_cause_of_death(process)) from None


def _cause_of_death(process: ForkServerProcess) -> str:
    code = process.exitcode or 0
    if code == -signal.SIGKILL:
        return "its process was killed (SIGKILL); it may have run out of memory"
    return f"its process died ({signal.Signals(-code).name})" if code < 0 else f"its process left with exit code {code}"


def _end(process: ForkServerProcess) -> None:
    """Kill the process and all that it has started."""
    if process.pid is None:
        return
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join()


def _run_here(trial: Trial, pipe: Connection) -> None:
    """The whole life of a trial's process."""
    os.setpgid(0, 0)  # a group of its own: Ctrl-C reaches the launcher alone, and `_end` the whole group
    threading.Thread(target=_die_with_worker, daemon=True).start()
    os.environ.pop("WANDB_SERVICE", None)  # a W&B service of its own, that no other process ends or has its folders in
    trial.log.parent.mkdir(parents=True, exist_ok=True)
    with trial.log.open("a") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)

    def go_on(step: int, metrics: Metrics) -> bool:
        pipe.send(("validated", step, metrics))
        return bool(pipe.recv())

    try:
        module, _, function = trial.train.partition(":")
        train = vars(importlib.import_module(module))[function]
        pipe.send(("finished", train(trial.recipe, trial.folder, trial.study, go_on)))
    except BaseException as error:  # SystemExit too: it would leave without a word
        traceback.print_exc()
        pipe.send(("refused" if isinstance(error, InputError) else "failed", _reason(error)))


def _reason(error: BaseException) -> str:
    """An error in one line."""
    told = " ".join(str(error).split())
    return told if isinstance(error, UnrolledError) else f"{type(error).__name__}: {told}"


def _die_with_worker() -> None:
    """End the whole group as soon as the worker is gone, however it went."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os.killpg(0, signal.SIGKILL)
