"""Sweep file: the YAML definition of a study.

    study: quickstart                  # name of the folder runs/<study>/ and of the W&B group
    recipe: quickstart                 # a shipped recipe's name, or a path
    overrides: {trainer.max_epochs: 2}                        # changes of the recipe in every trial
    space: {optimizer.init_args.lr: {float: [1.0e-3, 1.0e-1], log: true}}    # see `search_space.py`
    sampler: {TPESampler: {seed: 1}}   # `samplers.py` lists the samplers and pruners
    pruner: {MedianPruner: {n_startup_trials: 4}}
    objective: {metric: val/loss, direction: minimize}        # the metric at the end of a trial
    folds: 1                           # runs per trial, one for each held-out fold; the objective is their mean
    trials: 12                         # number to finish, including pruned but not failed trials
    seconds: null                      # time after the launch when no further trial starts
    workers: 2                         # processes that run trials in parallel
    threads: 1                         # CPU threads of each trial
    heartbeat: 20                      # seconds between heartbeats; a trial silent for three intervals is run again
    storage: null                      # an SQLAlchemy URL; null: SQLite in the study's folder

`study`, `recipe`, `space` and `trials` are required; the other keys have defaults.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from unrolled.config import yaml_io
from unrolled.config.recipe import Recipe, check, load, override
from unrolled.errors import InputError
from unrolled.suggestions import expected
from unrolled.tuning import samplers, search_space

DIRECTIONS = ("maximize", "minimize")


@dataclass(frozen=True)
class Sweep:
    """A checked sweep file with its defaults filled in; plain builtins throughout."""

    study: str
    recipe: str
    space: search_space.Space
    trials: int
    overrides: dict[str, Any] = field(default_factory=dict)
    sampler: dict[str, dict[str, Any]] = field(default_factory=lambda: {"TPESampler": {}})
    pruner: dict[str, dict[str, Any]] = field(default_factory=lambda: {"NopPruner": {}})
    objective: dict[str, str] = field(default_factory=dict)
    folds: int = 1
    seconds: float | None = None
    workers: int = 1
    threads: int = 1
    heartbeat: int = 20
    storage: str | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.study, str) or not re.fullmatch(r"\w[\w.-]*", self.study):
            raise InputError(f"study: expected a name of letters, digits, '-', '_' and '.', got {self.study!r}")
        if not isinstance(self.recipe, str):
            raise InputError(f"recipe: expected a recipe's name or path, got {self.recipe!r}")
        if not isinstance(self.overrides, dict):
            raise InputError(f"overrides: expected {{dotted.path: value}}, got {self.overrides!r}")
        if not isinstance(self.storage, str | None):
            raise InputError(f"storage: expected an SQLAlchemy URL or null, got {self.storage!r}")
        if self.storage and re.match(r"[^/]+://[^/@]*:[^@]*@", self.storage):  # study.yaml would contain it
            raise InputError("storage: expected a URL without a password, got one with it; use PGPASSWORD or ~/.pgpass")
        for key in ("trials", "folds", "workers", "threads", "heartbeat"):
            if type(value := vars(self)[key]) is not int or value < 1:
                raise InputError(f"{key}: expected an integer of 1 or more, got {value!r}")
        if self.seconds is not None and not (type(self.seconds) in (int, float) and self.seconds > 0):
            raise InputError(f"seconds: expected a number above 0, or null for no limit, got {self.seconds!r}")
        search_space.check_space(self.space)
        samplers.check_choice("sampler", self.sampler, samplers.SAMPLERS)
        samplers.check_choice("pruner", self.pruner, samplers.PRUNERS)
        _check_objective(self.objective)

    def base(self, source: str) -> Recipe:
        """The base recipe of all trials: the recipe with the study's overrides.

        Raises:
            InputError: the recipe is missing or wrong, or has no such path as in the overrides or the space;
                `source` names the sweep file.
        """
        base = override(load(self.recipe), self.overrides, f"{source}: overrides")
        if self.folds > 1:
            override(base, self.held_out(0), f"{source}: folds")
        for choice in search_space.corners(self.space):
            check(override(base, choice, f"{source}: space"), f"{source}: space")
        return base

    def held_out(self, fold: int) -> dict[str, Any]:
        """The overrides of a run that holds out fold number `fold`."""
        return {"data.init_args.folds": self.folds, "data.init_args.fold": fold}

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def read_sweep(path: Path | str, overrides: Mapping[str, Any] | None = None, **replacements: Any) -> Sweep:
    """Read and check a sweep file.

    Args:
        path: the file.
        overrides: {dotted path: value}, applied after the file's overrides.
        replacements: values that replace entries of the file, unless None.

    Raises:
        InputError: the file is wrong; the message names the file, the key, what was expected and what was given.
    """
    content = yaml_io.read_yaml(Path(path))
    try:
        sweep = _parse(content)
        given = {key: value for key, value in replacements.items() if value is not None}
        return replace(sweep, overrides={**sweep.overrides, **(overrides or {})}, **given)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _parse(content: Any) -> Sweep:
    if not isinstance(content, dict):
        raise InputError(f"expected a mapping with `study: name` etc., got {content!r}; see the examples in sweeps/")
    known = [f.name for f in fields(Sweep)]
    for key in content:
        if key not in known:
            raise InputError(f"key: {expected(key, known)}")
    for key in ("study", "recipe", "space", "trials"):
        if key not in content:
            raise InputError(f"expected the key {key!r}, got {', '.join(content) or 'no keys'}; add it")
    given = {key: value for key, value in content.items() if value is not None or key in ("seconds", "storage")}
    for key in ("sampler", "pruner"):
        if key in given:
            given[key] = _named(key, given[key])
    objective = given.get("objective", {})
    if not isinstance(objective, dict):
        raise InputError(f"objective: expected {{metric: val/loss, direction: minimize}}, got {objective!r}")
    return Sweep(**{**given, "objective": {"metric": "val/loss", "direction": "minimize", **objective}})


def _named(key: str, value: Any) -> dict[str, dict[str, Any]]:
    """Normalise `TPESampler` or `{TPESampler: {seed: 1}}` to the latter form."""
    if isinstance(value, str):
        return {value: {}}
    if isinstance(value, dict) and len(value) == 1:
        ((name, arguments),) = value.items()
        if isinstance(arguments, dict | None):
            return {str(name): arguments or {}}
    raise InputError(f"{key}: expected a name, or {{Name: {{argument: value}}}}, got {value!r}")


def _check_objective(objective: dict[str, str]) -> None:
    for key in objective:
        if key not in ("metric", "direction"):
            raise InputError(f"objective: {expected(key, ('metric', 'direction'))}")
    if not isinstance(objective["metric"], str):
        raise InputError(f"objective.metric: expected a metric's name such as val/loss, got {objective['metric']!r}")
    if objective["direction"] not in DIRECTIONS:
        raise InputError(f"objective.direction: {expected(objective['direction'], DIRECTIONS)}")
