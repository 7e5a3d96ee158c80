"""Train a recipe from Python."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unrolled.api.trained_run import Run
from unrolled.config import catalog, recipe, spec
from unrolled.config.validation import CLASSES
from unrolled.errors import InputError
from unrolled.runs import build, run_folders
from unrolled.runs.launch import launch
from unrolled.suggestions import quoted
from unrolled.tasks.arguments import WithArguments


def fit(
    what: str | Path | Mapping[str, Any],
    changes: Mapping[str, Any] | None = None,
    *,
    runs: str | Path = "runs",
    name: str | None = None,
    resume: bool = False,
    progress: bool = False,
) -> Run:
    """Train a recipe in a new folder, as the command `unrolled fit` does: the same weights, bit for bit.

    Args:
        what: the name of a shipped recipe, the path of a YAML file, or a mapping of the same sections.  In a mapping
            and in `changes`, a class may replace its name.  With arguments, a task or strategy is
            `ClipNorm.with_(max_norm=1.0)`; any other class is `unrolled.spec("LSTM", hidden_size=64)`.
        changes: values by dotted path: `{"trainer.max_epochs": 1, "optimizer.init_args.lr": 0.01}`.
        runs: the parent of the run folder.
        name: of the run folder; default: the recipe's name, of a mapping the task's.
        resume: continue the newest run of that name, with its recipe and `changes`.
        progress: whether a bar is shown.

    Returns:
        The trained run.

    Raises:
        InputError: a key, a value, a class or the data cannot be used; one line that names it.
    """
    _check_types(what, changes)
    folder = run_folders.shared()
    mapping = named(what, "recipe") if isinstance(what, Mapping) else None
    if not resume:
        source = "recipe" if mapping is not None else str(what)
        loaded = recipe.load(source) if mapping is None else recipe.normalise(mapping, source)
    if name is None:
        name = Path(what).stem if isinstance(what, str | Path) else _task_name(mapping)
    run_folders.check_name(name, "name")
    if resume:
        folder = folder or run_folders.newest(Path(runs), name)
        source = str(folder / "recipe.yaml")
        loaded = recipe.load(source)
    requested = recipe.override(loaded, named(changes or {}, "changes"), source="changes")
    recipe.check(requested, source)
    run_folders.require_writable(folder or Path(runs))
    folder, _ = launch(
        build.parse(requested, source=source), folder, Path(runs), name, resume=resume, progress=progress
    )
    return Run(folder)


def named(sections: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Recipe sections with every class, `with_` and partial replaced by what a YAML file would hold.

    Raises:
        InputError: a class that a recipe cannot name.
    """
    found = dict(sections)
    for section, value in sections.items():
        if section in CLASSES:
            found[section] = spec.plain(section, value)
        elif section == "task":
            found[section] = _part("tasks", value)
        elif section == "strategies" and isinstance(value, list | tuple):
            found[section] = [_part("strategies", part) for part in value]
    return found


def _check_types(what: Any, changes: Any) -> None:
    """Raise an InputError for arguments of `fit` of the wrong type."""
    if not isinstance(what, str | Path | Mapping):
        raise InputError(f"fit: expected the name of a recipe, a path or a mapping of its sections, got {quoted(what)}")
    if not isinstance(changes, Mapping | None):
        example = 'a mapping such as {"trainer.max_epochs": 1}'
        raise InputError(f"changes: expected {example}, got {quoted(changes)}")


def _part(kind: str, part: Any) -> Any:
    """A task or strategy as a recipe names it."""
    owner = part.owner if isinstance(part, WithArguments) else part
    if not isinstance(owner, type):
        return part
    if owner.__name__ not in catalog.names(kind) or catalog.find(kind, owner.__name__) is not owner:
        home = catalog.PACKAGES[kind]
        raise InputError(f"{kind}: expected a class of {home}, got {owner.__name__}. Export it in {home}.")
    return {owner.__name__: part.arguments} if isinstance(part, WithArguments) else owner.__name__


def _task_name(mapping: Mapping[str, Any] | None) -> str:
    task = (mapping or {}).get("task")
    return str(next(iter(task), "run") if isinstance(task, Mapping) else task or "run")
