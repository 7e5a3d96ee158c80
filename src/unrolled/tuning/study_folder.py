"""The folder of a study: made at the first launch, recognised at the next ones.

    runs/<study>/   study.yaml     the sweep file as run        trials/<number>/   a run's folder for each trial
                    recipe.yaml    what every trial starts from logs/              what trials and workers print
                    study.db       Optuna's storage, if SQLite  lock               held while a worker asks for a trial

The same command with the same sweep file goes on with the same study.
"""

import os
from pathlib import Path
from typing import Any

import optuna

from unrolled.config import yaml_io as yaml_file
from unrolled.errors import InputError
from unrolled.tuning import samplers as search
from unrolled.tuning.storage import open_study
from unrolled.tuning.sweep_file import Sweep

MUST_STAY = ("space", "objective", "folds")  # trials could not be compared with one another otherwise


def prepare(sweep: Sweep, folder: Path, source: str) -> optuna.Study:
    """Write what the workers read, and make or find the study, before any worker starts.

    Raises:
        InputError: the recipe, or what the sweep file (`source`) changes in it, is wrong; the folder holds another
            study, or cannot be written.
    """
    told = {"study.yaml": sweep.as_dict(), "recipe.yaml": sweep.base(source)}
    search.make_sampler(sweep.sampler, 0)  # wrong values are told here, not by the workers
    search.make_pruner(sweep.pruner)
    _refuse_another(told, folder)
    try:
        (folder / "logs").mkdir(parents=True, exist_ok=True)
        for name, content in told.items():
            _write(folder / name, content)
    except OSError as error:
        raise InputError(f"{folder}: expected a folder that can be written, got: {error.strerror}") from None
    study = open_study(sweep, folder)
    if not study.get_trials(deepcopy=False) and any(folder.glob("trials/*")):
        raise InputError(
            f"{folder}/trials: expected no runs yet in a new study; give it another name, or move them away"
        )
    return study


def _refuse_another(told: dict[str, dict[str, Any]], folder: Path) -> None:
    """The trials of one study share their recipe, space and objective; the budget and the search may change."""
    for name, new in told.items():
        file = folder / name
        if not file.exists():
            continue
        old = yaml_file.read(file)
        if not isinstance(old, dict):
            raise InputError(f"{file}: expected what an earlier launch wrote, got {old!r}; move {folder} away")
        keys = MUST_STAY if name == "study.yaml" else [*old, *new]
        before, now = (
            _leaves({key: side.get(key) for key in keys}) for side in (old, yaml_file.parse(yaml_file.text(new), name))
        )
        for path in sorted(before | now, key=lambda path: -path.count(".")):  # trainer.max_epochs before trainer = {}
            if before.get(path, "nothing") != now.get(path, "nothing"):
                raise InputError(
                    f"{file}: expected {path} = {before.get(path, 'nothing')} as in the trials so far, got "
                    f"{now.get(path, 'nothing')}; give the study another name, or move {folder} away"
                )


def _leaves(tree: Any, path: str = "") -> dict[str, Any]:
    if not isinstance(tree, dict) or not tree:
        return {path: tree}
    branches = (_leaves(branch, f"{path}.{key}" if path else str(key)) for key, branch in tree.items())
    return {key: value for branch in branches for key, value in branch.items()}


def _write(path: Path, content: dict[str, Any]) -> None:
    """All or nothing: a kill leaves the old file or the new one."""
    new = path.with_suffix(".new")
    new.write_text(yaml_file.text(content), encoding="utf-8")
    os.replace(new, path)
