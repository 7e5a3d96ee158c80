"""Train a recipe in a run folder of its name."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lightning_fabric.utilities.exceptions import MisconfigurationException

import unrolled.runs.fit as training
from unrolled.errors import InputError
from unrolled.runs import run_folders


def launch(
    recipe: dict[str, Any], folder: Path | None, runs: Path, name: str, *, resume: bool = False, progress: bool = False
) -> tuple[Path, dict[str, float]]:
    """Train, and remove the folder again if the recipe is refused before anything was trained.

    Under ddp, all ranks write to the folder of the first: its path is in the environment while it trains.

    Args:
        recipe: as `unrolled.runs.build.parse` returns it.
        folder: an existing run folder; None: the first free one of runs/NAME, runs/NAME-2, ...
        runs: the parent of new folders.
        name: of a new folder.
        resume: continue from the last sound checkpoint in the folder.
        progress: whether the first rank shows a bar.

    Returns:
        The folder, and the last value of every logged metric.

    Raises:
        InputError: data, a recipe or trainer arguments that cannot be used.
    """
    claimed = folder is None
    folder = folder or run_folders.claim(runs, name)
    first = run_folders.shared() is None
    os.environ[run_folders.FOLDER] = str(folder)
    try:
        with trainer_arguments():
            return folder, training.fit(recipe, folder, resume=resume, progress=first and progress)
    except InputError:
        if claimed and not any(folder.glob("checkpoints/*.ckpt")):
            shutil.rmtree(folder, ignore_errors=True)  # nothing was trained: free the name
        raise
    finally:
        if first:
            del os.environ[run_folders.FOLDER]


@contextlib.contextmanager
def trainer_arguments() -> Iterator[None]:
    """Turn Lightning's errors about conflicting or unsupported trainer arguments into `InputError`."""
    try:
        yield
    except MisconfigurationException as error:
        raise InputError(f"trainer: {error}") from error
