"""A trained task, read back from a run's folder."""

from pathlib import Path
from typing import Any

from unrolled.config import recipe
from unrolled.errors import InputError
from unrolled.runs import checkpoints
from unrolled.runs.build import build_task
from unrolled.tasks.base import SequenceTask

MEANING = ("vocabulary", "source", "target", "merges", "level", "written", "classes", "sizes")  # of a model's numbers


def read_recipe(folder: Path) -> dict[str, Any]:
    """The effective recipe of the run in `folder`.

    Raises:
        InputError: no run stands there.
    """
    path = folder / "recipe.yaml"
    if not path.is_file():
        raise InputError(f"{folder}: expected a run's folder with a recipe.yaml, found none; make one: unrolled fit")
    return recipe.load(path)


def choose(folder: Path, checkpoint: Path | None) -> Path:
    """The checkpoint that was asked for, else the run's best, else its last."""
    best, last = (folder / "checkpoints" / f"{name}.ckpt" for name in ("best", "last"))
    kept = (best, checkpoints.previous(best))  # a kill may have come between two renames
    return checkpoint or next((path for path in kept if path.is_file()), last)


def restore(folder: Path, checkpoint: Path | None = None) -> tuple[SequenceTask, dict[str, Any]]:
    """The task with its trained weights, ready to be asked, and the whole checkpoint.

    Raises:
        InputError: no run, no checkpoint, a damaged one, one of other data or of another architecture.
    """
    trained, path = read_recipe(folder), choose(folder, checkpoint)
    saved = checkpoints.load(path)
    name = trained["data"]["class_path"]
    if "sizes" not in saved.get(name, {}):
        raise InputError(f"{path}: expected a checkpoint trained on {name}, got one of other data; use one of {folder}")
    _require_own(folder / "checkpoints", path, saved[name], name)
    task = build_task(trained, saved[name]["sizes"])
    checkpoints.require_match(saved, task, path)
    task.load_state_dict(saved["state_dict"])
    return task.eval(), saved


def _require_own(home: Path, path: Path, kept: dict[str, Any], name: str) -> None:
    """Refuse a checkpoint from elsewhere whose numbers mean other tokens or classes than those of the run's own."""
    if path.resolve().parent == home.resolve():
        return
    own = next((mine for mine in sorted(home.glob("*.ckpt")) if checkpoints.sound(mine.read_bytes())), None)
    mine = checkpoints.load(own).get(name, kept) if own else kept
    if differ := [key for key in MEANING if mine.get(key) != kept.get(key)]:
        told = f"got one with other {differ[0]}; use one of {home}"
        raise InputError(f"{path}: expected a checkpoint trained on the data of {home.parent}, {told}")
