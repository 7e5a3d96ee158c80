"""Write the folders that runs and sweeps leave, as small as they can be, with whatever oddity a test asks for."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import optuna
import yaml
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState, create_trial

RECIPE: dict[str, Any] = {
    "task": {"LanguageModeling": {"embedding_size": 64}},
    "architecture": {"class_path": "LSTM", "init_args": {"hidden_size": 192}},
    "strategies": {"TruncatedBPTT": {"k1": 64, "k2": 64}, "ClipNorm": {"max_norm": 1.0}},
    "optimizer": {"class_path": "torch.optim.Adam", "init_args": {"lr": 0.004}},
    "data": {"class_path": "PythonDocs", "init_args": {"level": "character"}},
    "trainer": {"max_epochs": 6},
    "seed": 1,
}
ENVIRONMENT: dict[str, Any] = {
    "started": "2026-11-20T10:00:00+00:00",
    "command": "unrolled fit -c quickstart",
    "python": "3.11.7",
    "packages": {"torch": "2.13.0"},
    "git": {"commit": "abc1234", "dirty": True},
    "seconds": 92.4,
    "parameters": 1_234_567,
}
RESULTS: dict[str, Any] = {
    "split": "test",
    "unit": "character",
    "metrics": {"test/loss": 1.206, "test/perplexity": 3.34, "test/bits_per_character": 1.74},
    "baseline_metric": "bits_per_character",
    "baselines": {"unigram": 4.35, "trigram": 2.4, "5-gram": 2.0, "lzma": 1.45},
    "sample": {"prefix": "The list ", "text": "of objects is", "temperature": 0.7},
}
CURVES: list[tuple[int, str, float]] = [
    (10, "train/loss", 3.0),
    (20, "train/loss", 2.0),
    (20, "val/loss", 2.1),
    (30, "train/loss", 1.5),
    (40, "val/loss", 1.6),
]
LR = "optimizer.init_args.lr"
HIDDEN = "architecture.init_args.hidden_size"
CELL = "architecture.class_path"
SPACE: dict[str, BaseDistribution] = {
    LR: FloatDistribution(1e-4, 1e-1, log=True),
    HIDDEN: IntDistribution(32, 256),
    CELL: CategoricalDistribution(["LSTM", "GRU"]),
}


def write_run(
    folder: Path,
    *,
    recipe: Mapping[str, Any] | None = RECIPE,
    environment: Mapping[str, Any] | None = ENVIRONMENT,
    curves: Sequence[tuple[int, str, float]] | None = CURVES,
    results: Mapping[str, Any] | None = RESULTS,
) -> Path:
    """A run's folder; None leaves that file out."""
    folder.mkdir(parents=True, exist_ok=True)
    if recipe is not None:
        (folder / "recipe.yaml").write_text(yaml.safe_dump(dict(recipe), sort_keys=False), encoding="utf-8")
    if environment is not None:
        (folder / "environment.json").write_text(json.dumps(environment), encoding="utf-8")
    if curves is not None:
        lines = ["step,epoch,name,value", *(f'{step},0,"{name}",{value!r}' for step, name, value in curves)]
        (folder / "metrics.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    if results is not None:
        (folder / "results.json").write_text(json.dumps(results), encoding="utf-8")
    return folder


def results(value: float, baselines: Mapping[str, float] | None = None, **changes: Any) -> dict[str, Any]:
    """RESULTS with another figure of the model, and other baselines where they are given."""
    metrics = {"metrics": {"test/bits_per_character": value}}
    return {**RESULTS, **metrics, **({} if baselines is None else {"baselines": dict(baselines)}), **changes}


def complete(value: float, params: Mapping[str, Any], reported: Mapping[int, float] | None = None) -> Any:
    return _trial(TrialState.COMPLETE, params, reported or {}, value=value)


def pruned(params: Mapping[str, Any], reported: Mapping[int, float] | None = None) -> Any:
    return _trial(TrialState.PRUNED, params, reported or {})


def failed(params: Mapping[str, Any], failure: str | None = "its process died (SIGKILL)") -> Any:
    return _trial(TrialState.FAIL, params, {}, user_attrs={"failure": failure} if failure else {})


def running(params: Mapping[str, Any]) -> Any:
    return _trial(TrialState.RUNNING, params, {})


def _trial(state: TrialState, params: Mapping[str, Any], reported: Mapping[int, float], **more: Any) -> Any:
    space = {name: SPACE.get(name, FloatDistribution(0.0, 1.0)) for name in params}
    return create_trial(
        state=state, params=dict(params), distributions=space, intermediate_values=dict(reported), **more
    )


def write_study(
    folder: Path,
    trials: Sequence[Any],
    *,
    name: str = "quickstart",
    sweep: Mapping[str, Any] | None = None,
    direction: str = "minimize",
    best_run: Mapping[str, Any] | None = None,
) -> Path:
    """A study's folder; `best_run` (arguments of `write_run`) fills the folder of the best trial."""
    folder.mkdir(parents=True, exist_ok=True)
    described = {"study": name, "recipe": "quickstart", "objective": {"metric": "val/loss"}, **(sweep or {})}
    (folder / "study.yaml").write_text(yaml.safe_dump(described), encoding="utf-8")
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = optuna.storages.RDBStorage(
        "sqlite://", skip_compatibility_check=True
    )  # in memory: dozens of commits to a disk take seconds
    memory = storage.engine.raw_connection().driver_connection
    with closing(sqlite3.connect(folder / "study.db")) as file:
        if (folder / "study.db").stat().st_size:
            file.backup(memory)
        study = optuna.create_study(storage=storage, study_name=name, direction=direction)
        study.add_trials(list(trials))
        memory.backup(file)
    if best_run is not None:
        write_run(folder / "trials" / str(study.best_trial.number), **best_run)
    return folder
