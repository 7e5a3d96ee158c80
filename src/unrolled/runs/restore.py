"""Restore a trained task from a run folder."""

from pathlib import Path
from typing import Any

from unrolled.config import recipe
from unrolled.errors import InputError
from unrolled.runs import checkpoints
from unrolled.runs.build import build_task
from unrolled.tasks.base import SequenceTask

# Entries of a data set's state that define the meaning of token and class ids.
ID_MEANING = ("vocabulary", "source", "target", "merges", "level", "written", "classes", "sizes")


def read_recipe(folder: Path) -> dict[str, Any]:
    """The effective recipe of the run in `folder`.

    Raises:
        InputError: the folder is not a run folder.
    """
    path = folder / "recipe.yaml"
    if not path.is_file():
        raise InputError(f"{folder}: expected a run folder with a recipe.yaml, found none; train one: unrolled fit")
    return recipe.load(path)


def choose_checkpoint(folder: Path, checkpoint: Path | None) -> Path:
    """The given checkpoint, else the run's best, else its last."""
    best, last = (folder / "checkpoints" / f"{name}.ckpt" for name in ("best", "last"))
    kept = (best, checkpoints.previous_path(best))  # the run may have been killed between two renames
    return checkpoint or next((path for path in kept if path.is_file()), last)


def restore(folder: Path, checkpoint: Path | None = None) -> tuple[SequenceTask, dict[str, Any]]:
    """The task with its trained weights in evaluation mode, and the full checkpoint.

    Raises:
        InputError: no run, no checkpoint, or a checkpoint that is damaged, of other data or of another architecture.
    """
    trained, path = read_recipe(folder), choose_checkpoint(folder, checkpoint)
    saved = checkpoints.load(path)
    name = trained["data"]["class_path"]
    if "sizes" not in saved.get(name, {}):
        found = f"got one of other data; use one from {folder}"
        raise InputError(f"{path}: expected a checkpoint trained on {name}, {found}")
    _require_same_ids(folder / "checkpoints", path, saved[name], name)
    task = build_task(trained, saved[name]["sizes"])
    checkpoints.require_match(saved, task, path)
    task.load_state_dict(saved["state_dict"])
    return task.eval(), saved


def _require_same_ids(home: Path, path: Path, given: dict[str, Any], name: str) -> None:
    """Check that the token and class ids of a checkpoint from another folder mean the same as in the run."""
    if path.resolve().parent == home.resolve():
        return
    intact = next((file for file in sorted(home.glob("*.ckpt")) if checkpoints.is_intact(file.read_bytes())), None)
    saved = checkpoints.load(intact).get(name, given) if intact else given
    if differ := [key for key in ID_MEANING if saved.get(key) != given.get(key)]:
        found = f"got one with other {differ[0]}; use one from {home}"
        raise InputError(f"{path}: expected a checkpoint trained on the data of {home.parent}, {found}")
