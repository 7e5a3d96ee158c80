"""Which runs may be compared, and how a model stands beside a baseline. Lower is better everywhere here."""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from unrolled.reports.narrative.formatting import EQUAL, material
from unrolled.reports.records import Results, Run

READING = ("batch_size", "batches", "eval_batch_size", "eval_batches")  # how generated data are read, not what they are


@dataclass(frozen=True)
class Group:
    """Tested runs of one metric on one text or other data, the best first: only these may be compared."""

    metric: str
    split: str
    text: str  # the name of the data, or "" where the recipe does not tell
    runs: tuple[Run, ...]
    baselines: Mapping[str, float]


def groups(runs: Iterable[Run]) -> list[Group]:
    """Equal baselines mean the same text: the runs that share them (and the metric) form a group.

    Generated data must be of the same arguments too: their baselines can be equal at another length.
    """
    members: dict[str, list[tuple[Results, Run]]] = {}
    for run in runs:
        if (results := run.results) and math.isfinite(results.value):
            key = [results.metric, results.split, dataset(run), arguments(run), sorted(results.baselines.items())]
            members.setdefault(json.dumps(key, default=str, skipkeys=True), []).append((results, run))
    made = []
    for pairs in members.values():
        ranked = tuple(sorted((run for _, run in pairs), key=lambda run: (value(run), run.name)))
        shared = pairs[0][0]
        made.append(Group(shared.metric, shared.split, described(ranked[0]), ranked, shared.baselines))
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


def arguments(run: Run) -> dict[str, object]:
    """What a run's data were generated from; nothing for text, which its baselines tell apart."""
    data = run.recipe.get("data")
    given = data.get("init_args") if isinstance(data, dict) else None
    if not isinstance(given, dict) or run.results is None or material(run.results.metric) == "text":
        return {}
    return {name: value for name, value in given.items() if name not in READING}


def described(run: Run) -> str:
    """The name of the run's data, and what generated data were generated from."""
    told = ", ".join(f"{name} {value}" for name, value in arguments(run).items() if name != "seed")
    return f"{dataset(run)} ({told})" if told else dataset(run)


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
