"""Trials that cost nothing, for the worker to run in the place of training: `standin:NAME`."""

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from unrolled.errors import InputError, RunFailed
from unrolled.tuning.trial_process import Metrics, ShouldContinue


def rate(recipe: dict[str, Any]) -> float:
    return recipe["optimizer"]["init_args"]["lr"]


def loss(recipe: dict[str, Any]) -> float:
    return math.log(rate(recipe) / 0.01) ** 2


def quadratic(recipe: dict[str, Any], folder: Path, study: str, should_continue: ShouldContinue) -> Metrics:
    folder.mkdir(parents=True)
    (folder / "rate").write_text(repr(rate(recipe)))
    return {"val/loss": loss(recipe)}


def slow(recipe: dict[str, Any], folder: Path, study: str, should_continue: ShouldContinue) -> Metrics:
    time.sleep(0.4)
    return quadratic(recipe, folder, study, should_continue)


def endless(recipe: dict[str, Any], folder: Path, study: str, should_continue: ShouldContinue) -> Metrics:
    """Says who it is, then hangs; a process of its own stands for a loader's worker."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    folder.mkdir(parents=True)
    (folder / "pids.part").write_text(f"{os.getpid()} {child.pid} {os.getppid()}")
    (folder / "pids.part").rename(folder / "pids")
    time.sleep(600)
    return {}


def second_is_killed(recipe: dict[str, Any], folder: Path, study: str, should_continue: ShouldContinue) -> Metrics:
    if folder.name == "1":
        os.kill(os.getpid(), signal.SIGKILL)
    return quadratic(recipe, folder, study, should_continue)


def second_is_nan(recipe: dict[str, Any], folder: Path, study: str, should_continue: ShouldContinue) -> Metrics:
    return {"val/loss": math.nan} if folder.name == "1" else quadratic(recipe, folder, study, should_continue)


def broken(recipe: dict[str, Any], folder: Path, study: str, should_continue: ShouldContinue) -> Metrics:
    print("what the run said")
    raise RunFailed("step 3: the loss is nan\nin encoder")


def refused(recipe: dict[str, Any], folder: Path, study: str, should_continue: ShouldContinue) -> Metrics:
    raise InputError("mine.csv: row 3: expected a number")


def first_alone(recipe: dict[str, Any], folder: Path, study: str, should_continue: ShouldContinue) -> Metrics:
    return (quadratic if folder.name == "0" else refused)(recipe, folder, study, should_continue)


def leaves(recipe: dict[str, Any], folder: Path, study: str, should_continue: ShouldContinue) -> Metrics:
    os._exit(3)


def chatty(recipe: dict[str, Any], folder: Path, study: str, should_continue: ShouldContinue) -> Metrics:
    """Ten reports that get worse from trial to trial; keeps count of those it was let to make."""
    folder.mkdir(parents=True)
    for step in range(1, 11):
        (folder / "steps").write_text(str(step))
        if not should_continue(step, {"val/loss": float(folder.name)}):
            break
    threads = float(os.environ["OMP_NUM_THREADS"])
    return {"val/loss": float(folder.name), f"threads of {study}": threads}


def folded(recipe: dict[str, Any], folder: Path, study: str, should_continue: ShouldContinue) -> Metrics:
    """Writes down what it was given; its loss is the rate plus the number of its fold."""
    given = recipe["data"]["init_args"]
    folder.mkdir(parents=True)
    message = {"folds": given["folds"], "fold": given["fold"], "rate": rate(recipe)}
    (folder / "given").write_text(json.dumps(message))
    return {"val/loss": rate(recipe) + given["fold"]}


def second_fold_is_nan(recipe: dict[str, Any], folder: Path, study: str, should_continue: ShouldContinue) -> Metrics:
    return {"val/loss": math.nan} if folder.name == "fold-1" else folded(recipe, folder, study, should_continue)
