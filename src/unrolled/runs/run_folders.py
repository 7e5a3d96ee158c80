"""Run folders: runs/NAME, runs/NAME-2, runs/NAME-3."""

import os
import re
import tempfile
from pathlib import Path

from unrolled.errors import InputError
from unrolled.suggestions import nearest

# Under ddp Lightning starts the program again for each further rank: all ranks write to the folder of the first.
FOLDER = "UNROLLED_FOLDER"


def shared() -> Path | None:
    """The folder of the run that this process belongs to, if another process has started it."""
    return Path(os.environ[FOLDER]) if FOLDER in os.environ else None


def require_writable(folder: Path) -> None:
    """Create a folder and check that it is writable before anything else is done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        why = error.strerror or error
        raise InputError(f"{folder}: expected a writable folder, got: {why}. Choose another with --runs DIR.") from None


def claim(runs: Path, name: str) -> Path:
    """Create the first folder of this name that does not exist yet."""
    number = 1
    while True:
        folder = runs / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
        except OSError as error:
            raise InputError(f"{folder}: expected a writable folder, got: {error.strerror}.") from None
        else:
            return folder


def newest(runs: Path, name: str) -> Path:
    """The run folder of this name with the highest number."""
    pattern = re.compile(rf"{re.escape(name)}(?:-(\d+))?")
    found = {
        int(match[1] or 1): folder
        for folder in (runs.iterdir() if runs.is_dir() else ())
        if (match := pattern.fullmatch(folder.name)) and (folder / "recipe.yaml").is_file()
    }
    if not found:
        raise InputError(f"--resume: expected a run in {runs / name}, found none. Omit --resume to start one.")
    return found[max(found)]


def require_run(folder: Path) -> None:
    """Raises InputError: the folder is not a run folder."""
    if not (folder / "recipe.yaml").is_file():
        runs = [str(found.parent) for found in folder.parent.glob("*/recipe.yaml")]
        near = nearest(str(folder), runs)
        hint = f"Did you mean {near}?" if near else "Train one with: unrolled fit"
        raise InputError(f"{folder}: expected a run folder with a recipe.yaml, found none. {hint}")


def check_name(name: str, option: str) -> None:
    """Raises InputError: the name is not usable as a folder name."""
    if not re.fullmatch(r"\w[\w.+-]*", name):
        raise InputError(f"{option}: expected a name of letters, digits, '.', '-' and '_', got {name!r}")
