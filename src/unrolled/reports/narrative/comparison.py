"""Comparison of runs with each other and with baselines.  Lower is better for every metric here."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from unrolled.reports.narrative.formatting import EQUAL, data_kind
from unrolled.reports.records import Results, Run

READING = ("batch_size", "batches", "eval_batch_size", "eval_batches")  # how generated data is batched, not its content


@dataclass(frozen=True)
class Group:
    """Comparable runs: tested with one metric on the same data, best first."""

    metric: str
    split: str
    text: str  # name of the data, "" if unknown
    runs: tuple[Run, ...]
    baselines: Mapping[str, float]


def comparable_groups(runs: Iterable[Run]) -> list[Group]:
    """Group runs by metric and test data; equal baselines identify the same text.

    Generated data must also have equal arguments: its baselines can be equal at another sequence length.
    """
    members: dict[str, list[tuple[Results, Run]]] = {}
    for run in runs:
        if (results := run.results) and math.isfinite(results.value):
            same_data = [dataset_name(run), data_arguments(run), sorted(results.baselines.items())]
            key = [results.metric, results.split, *same_data]
            members.setdefault(json.dumps(key, default=str, skipkeys=True), []).append((results, run))
    made = []
    for pairs in members.values():
        ranked = tuple(sorted((run for _, run in pairs), key=lambda run: (measured_value(run), run.name)))
        shared = pairs[0][0]
        made.append(Group(shared.metric, shared.split, describe_data(ranked[0]), ranked, shared.baselines))
    return made


def measured_value(run: Run) -> float:
    return run.results.value if run.results else math.nan


def relative(model: float, baseline: float) -> float:
    """(model - baseline) / baseline; nan where that is meaningless."""
    if not (math.isfinite(model) and math.isfinite(baseline)) or baseline <= 0:
        return math.nan
    return (model - baseline) / baseline


def verdict(model: float, baseline: float) -> str:
    """The model compared with the baseline: better, worse, equal or unknown."""
    difference = relative(model, baseline)
    if math.isnan(difference):
        return "unknown"
    if abs(difference) < EQUAL:
        return "equal"
    return "better" if difference < 0 else "worse"


def dataset_name(run: Run) -> str:
    """The name of the run's data: `data: PythonDocs` or `data: {class_path: PythonDocs, ...}`."""
    data = run.recipe.get("data")
    path = data.get("class_path") if isinstance(data, dict) else data
    return path.rpartition(".")[2] if isinstance(path, str) else ""


def data_arguments(run: Run) -> dict[str, object]:
    """Arguments of generated data; {} for text, which is identified by its baselines."""
    data = run.recipe.get("data")
    given = data.get("init_args") if isinstance(data, dict) else None
    if not isinstance(given, dict) or run.results is None or data_kind(run.results.metric) == "text":
        return {}
    return {name: value for name, value in given.items() if name not in READING}


def describe_data(run: Run) -> str:
    """The name of the run's data, with the arguments of generated data."""
    shown = ", ".join(f"{name} {value}" for name, value in data_arguments(run).items() if name != "seed")
    return f"{dataset_name(run)} ({shown})" if shown else dataset_name(run)


def seeds(runs: Iterable[Run]) -> int:
    """Number of distinct seeds among the runs."""
    return len({repr(run.recipe.get("seed")) for run in runs})


def families(runs: Iterable[Run]) -> list[list[Run]]:
    """Group runs whose recipes differ only in the seed."""
    members: dict[str, list[Run]] = {}
    for run in runs:
        recipe = {key: value for key, value in run.recipe.items() if key != "seed"}
        members.setdefault(json.dumps(recipe or run.folder, default=str, skipkeys=True), []).append(run)
    return list(members.values())
