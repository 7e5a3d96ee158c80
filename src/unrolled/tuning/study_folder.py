"""Study folder: created by the first launch, checked by later ones.

    runs/<study>/   study.yaml     the effective sweep file     trials/<number>/   the run folder of each trial
                    recipe.yaml    the base of all trials       logs/              output of trials and workers
                    study.db       Optuna's storage, if SQLite  lock               held while a worker asks for a trial

The same command with the same sweep file resumes the study.
"""

import os
from pathlib import Path
from typing import Any

import optuna

from unrolled.config import yaml_io
from unrolled.errors import InputError
from unrolled.tuning import samplers
from unrolled.tuning.storage import open_study
from unrolled.tuning.sweep_file import Sweep

FIXED = ("space", "objective", "folds")  # a change would make trials incomparable
UNSET = "(unset)"


def prepare_study(sweep: Sweep, folder: Path, source: str) -> optuna.Study:
    """Write the files that workers read, and create or open the study, before any worker starts.

    Raises:
        InputError: the recipe or the overrides of the sweep file (`source`) are wrong; the folder has another
            study or is not writable.
    """
    files = {"study.yaml": sweep.as_dict(), "recipe.yaml": sweep.base(source)}
    samplers.make_sampler(sweep.sampler, 0)  # report wrong values here, not in the workers
    samplers.make_pruner(sweep.pruner)
    _require_same_study(files, folder)
    try:
        (folder / "logs").mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            _write(folder / name, content)
    except OSError as error:
        raise InputError(f"{folder}: expected a writable folder, got: {error.strerror}") from None
    study = open_study(sweep, folder)
    if not study.get_trials(deepcopy=False) and any(folder.glob("trials/*")):
        raise InputError(f"{folder}/trials: expected no runs in a new study; rename the study or move the runs away")
    return study


def _require_same_study(files: dict[str, dict[str, Any]], folder: Path) -> None:
    """Check that recipe, space and objective are those of the existing trials; budget and sampler may change."""
    for name, new in files.items():
        file = folder / name
        if not file.exists():
            continue
        old = yaml_io.read_yaml(file)
        if not isinstance(old, dict):
            raise InputError(f"{file}: expected the file of an earlier launch, got {old!r}; move {folder} away")
        keys = FIXED if name == "study.yaml" else [*old, *new]
        before, now = (
            _leaves({key: side.get(key) for key in keys})
            for side in (old, yaml_io.parse_yaml(yaml_io.to_yaml(new), name))
        )
        for path in sorted(before | now, key=lambda path: -path.count(".")):  # trainer.max_epochs before trainer = {}
            if before.get(path, UNSET) != now.get(path, UNSET):
                raise InputError(
                    f"{file}: expected {path} = {before.get(path, UNSET)} as in the existing trials, got "
                    f"{now.get(path, UNSET)}; rename the study or move {folder} away"
                )


def _leaves(tree: Any, path: str = "") -> dict[str, Any]:
    if not isinstance(tree, dict) or not tree:
        return {path: tree}
    branches = (_leaves(branch, f"{path}.{key}" if path else str(key)) for key, branch in tree.items())
    return {key: value for branch in branches for key, value in branch.items()}


def _write(path: Path, content: dict[str, Any]) -> None:
    """Write a file atomically."""
    new = path.with_suffix(".new")
    new.write_text(yaml_io.to_yaml(content), encoding="utf-8")
    os.replace(new, path)
