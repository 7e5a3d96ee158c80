"""Which runs may be compared, and how a model stands beside a baseline. Lower is better everywhere here."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from unrolled.reports.phrases import EQUAL
from unrolled.reports.records import Results, Run


@dataclass(frozen=True)
class Group:
    """Tested runs of one metric on one text, the best first: only these may be compared with each other."""

    metric: str
    split: str
    text: str  # the name of the data, or "" where the recipe does not tell
    runs: tuple[Run, ...]
    baselines: Mapping[str, float]


def groups(runs: Iterable[Run]) -> list[Group]:
    """Equal baselines mean the same text: the runs that share them (and the metric) form a group."""
    members: dict[str, list[tuple[Results, Run]]] = {}
    for run in runs:
        if (results := run.results) and math.isfinite(results.value):
            key = [results.metric, results.split, dataset(run), sorted(results.baselines.items())]
            members.setdefault(json.dumps(key), []).append((results, run))
    made = []
    for pairs in members.values():
        ranked = tuple(sorted((run for _, run in pairs), key=lambda run: (value(run), run.name)))
        shared = pairs[0][0]
        made.append(Group(shared.metric, shared.split, dataset(ranked[0]), ranked, shared.baselines))
    return made


def value(run: Run) -> float:
    return run.results.value if run.results else math.nan


def relative(model: float, baseline: float) -> float:
    """(model - baseline) / baseline; nan where that says nothing."""
    if not (math.isfinite(model) and math.isfinite(baseline)) or baseline <= 0:
        return math.nan
    return (model - baseline) / baseline


def verdict(model: float, baseline: float) -> str:
    """better, worse, equal or unknown"""
    difference = relative(model, baseline)
    if math.isnan(difference):
        return "unknown"
    if abs(difference) < EQUAL:
        return "equal"
    return "better" if difference < 0 else "worse"


def dataset(run: Run) -> str:
    """The name of the run's data: `data: PythonDocs` or `data: {class_path: PythonDocs, ...}`."""
    data = run.recipe.get("data")
    path = data.get("class_path") if isinstance(data, dict) else data
    return path.rpartition(".")[2] if isinstance(path, str) else ""


def seeds(runs: Iterable[Run]) -> int:
    """How many different seeds the runs were trained with."""
    return len({repr(run.recipe.get("seed")) for run in runs})


def families(runs: Iterable[Run]) -> list[list[Run]]:
    """Runs whose recipes differ in the seed alone."""
    members: dict[str, list[Run]] = {}
    for run in runs:
        recipe = {key: value for key, value in run.recipe.items() if key != "seed"}
        members.setdefault(json.dumps(recipe or run.folder, default=str, skipkeys=True), []).append(run)
    return list(members.values())
