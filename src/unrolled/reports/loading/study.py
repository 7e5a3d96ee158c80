"""A study folder -> `Study`, through Optuna's public API on a copy of study.db; the original is never written."""

import math
import sqlite3
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from unrolled.reports.loading.importance import importances
from unrolled.reports.loading.run import is_run, read_mapping, read_run
from unrolled.reports.records import Curve, Parameter, Study, Trial
from unrolled.trial_labels import state_label

if TYPE_CHECKING:
    import optuna


def is_study(folder: Path) -> bool:
    return (folder / "study.db").is_file() or (folder / "study.yaml").is_file()


def read_study(folder: Path) -> Study:
    """Read the study that `unrolled sweep` wrote to `folder`; damage becomes sentences in `Study.problems`."""
    from optuna.exceptions import OptunaError
    from sqlalchemy.exc import SQLAlchemyError

    damaged = (sqlite3.Error, OSError, LookupError, RuntimeError, ValueError, OptunaError, SQLAlchemyError)
    problems: list[str] = []
    sweep = read_mapping(folder / "study.yaml", problems)
    empty = Study(folder.resolve().name, folder.as_posix(), sweep=sweep, importance_absent="no trial can be read")
    if not (folder / "study.db").is_file():
        problems.append("study.db is missing: trials in another storage are not read.")
        return replace(empty, problems=tuple(problems))
    try:
        with load_copy(folder / "study.db", sweep.get("study")) as study:
            if len(study.directions) > 1:
                problems.append(f"The study has {len(study.directions)} objectives; this page shows the first.")
            trials = tuple(map(read_trial, study.get_trials(deepcopy=False)))
            importance, absent = importances(study)
            found = Study(
                name=study.study_name,
                folder=folder.as_posix(),
                objective=objective_name(study, sweep),
                maximize=study.directions[0].name == "MAXIMIZE",
                sweep=sweep,
                trials=trials,
                parameters=read_parameters(study),
                importance=importance,
                importance_absent=absent,
            )
    except damaged as error:
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        problems.append(f"study.db cannot be read ({first_line}).")
        return replace(empty, problems=tuple(problems))
    best = folder / "trials" / str(found.ranked[0].number) if found.ranked else None
    best_run = read_run(best, f"{found.name}, trial {best.name}") if best and is_run(best) else None
    return replace(found, problems=tuple(problems), best_run=best_run)


@contextmanager
def load_copy(database: Path, name: object) -> Iterator["optuna.Study"]:
    """Snapshot the database (safe while workers write to it) and load the study `name`, or the only study."""
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with tempfile.TemporaryDirectory(prefix="unrolled-report-") as scratch, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            copy = Path(scratch, "study.db")
            source_uri = f"{database.resolve().as_uri()}?mode=ro"
            with closing(sqlite3.connect(source_uri, uri=True)) as source, closing(sqlite3.connect(copy)) as target:
                source.backup(target)
            storage = optuna.storages.RDBStorage(f"sqlite:///{copy}")
            try:
                names = optuna.get_all_study_names(storage)
                chosen = str(name) if name in names or len(names) != 1 else names[0]
                if chosen not in names:
                    available = ", ".join(map(repr, names)) or "none"
                    raise LookupError(f"expected a study named {name!r}, got {available}")
                yield optuna.load_study(study_name=chosen, storage=storage)
            finally:
                storage.engine.dispose()
    finally:
        optuna.logging.set_verbosity(verbosity)


def read_trial(trial: "optuna.trial.FrozenTrial") -> Trial:
    """One trial; a pruned trial has no value: Optuna's value for it is only its last report."""
    reported = sorted(trial.intermediate_values.items())
    error = trial.user_attrs.get("failure")
    label = state_label(trial.state.name, error)
    return Trial(
        number=trial.number,
        state=label,
        value=trial.values[0] if trial.values and label == "complete" else math.nan,
        params=dict(trial.params),
        reported=Curve(tuple(step for step, _ in reported), tuple(value for _, value in reported)),
        seconds=trial.duration.total_seconds() if trial.duration else None,
        error=str(error) if error else None,
    )


def read_parameters(study: "optuna.Study") -> dict[str, Parameter]:
    """Every searched hyper-parameter, in order of first use, with the range of its last trial."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    parameters: dict[str, Parameter] = {}
    for trial in study.get_trials(deepcopy=False):
        for name, space in trial.distributions.items():
            if isinstance(space, FloatDistribution | IntDistribution):
                parameters[name] = Parameter(name, space.low, space.high, space.log)
            elif isinstance(space, CategoricalDistribution):
                parameters[name] = Parameter(name, choices=tuple(space.choices))
    return parameters


def objective_name(study: "optuna.Study", sweep: Mapping[str, object]) -> str:
    """The metric name of the study, else that of the sweep file, else "objective"."""
    if study.metric_names:
        return study.metric_names[0]
    objective = sweep.get("objective", sweep.get("objectives"))
    while isinstance(objective, list | dict) and objective:
        first = objective[0] if isinstance(objective, list) else next(iter(objective))
        objective = objective.get("metric", first) if isinstance(objective, dict) else first
    return objective if isinstance(objective, str) else "objective"
