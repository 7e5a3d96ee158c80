"""A run folder -> `Run`. Damaged or missing files become sentences in `Run.problems`, never errors."""

import csv
import json
import math
from collections.abc import Mapping
from pathlib import Path

import yaml

from unrolled.reports.loading.results import (
    read_classes,
    read_examples,
    read_forecasts,
    read_translation_scores,
    to_number,
)
from unrolled.reports.records import Curve, Results, Run, Sample

FILES = ("recipe.yaml", "environment.json", "metrics.csv", "results.json")
METRIC = {"character": "bits_per_character", "word": "perplexity", "subword": "perplexity"}


def is_run(folder: Path) -> bool:
    return any((folder / name).is_file() for name in FILES)


def read_run(folder: Path, name: str | None = None) -> Run:
    """Read the files that `unrolled fit` and `unrolled test` wrote to `folder`."""
    problems: list[str] = []
    return Run(
        name=name or folder.resolve().name,
        folder=folder.as_posix(),
        recipe=read_mapping(folder / "recipe.yaml", problems),
        environment=read_mapping(folder / "environment.json", problems),
        curves=read_curves(folder / "metrics.csv", problems),
        results=read_results(folder / "results.json", problems),
        problems=tuple(problems),
    )


def read_mapping(path: Path, problems: list[str]) -> Mapping[str, object]:
    """The mapping in a YAML or JSON file; on failure {}, with a sentence added to `problems`."""
    if not path.is_file():
        problems.append(f"{path.name} is missing.")
        return {}
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
        content = json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        problems.append(f"{path.name} cannot be read ({str(error).splitlines()[0]}).")
        return {}
    if not isinstance(content, dict):
        problems.append(f"{path.name} holds {type(content).__name__}, not a mapping.")
        return {}
    return {str(key): value for key, value in content.items()}


def read_curves(path: Path, problems: list[str]) -> dict[str, Curve]:
    """metrics.csv -> {metric: Curve}; of repeated steps the last value counts, truncated lines are problems."""
    if not path.is_file():
        problems.append("metrics.csv is missing: there are no learning curves.")
        return {}
    points: dict[str, dict[int, float]] = {}
    damaged = 0
    lines = path.read_text(encoding="utf-8", errors="replace").replace("\0", "").splitlines()
    for row in csv.DictReader(lines):
        try:
            points.setdefault(str(row["name"]), {})[int(row["step"])] = float(row["value"])
        except (KeyError, TypeError, ValueError):
            damaged += 1
    if damaged:
        problems.append(f"{damaged} {'line' if damaged == 1 else 'lines'} of metrics.csv could not be read.")
    curves = {name: sorted(by_step.items()) for name, by_step in points.items() if by_step}
    if not curves:
        problems.append("metrics.csv holds no metrics: there are no learning curves.")
    return {name: Curve(tuple(s for s, _ in pairs), tuple(v for _, v in pairs)) for name, pairs in curves.items()}


def read_results(path: Path, problems: list[str]) -> Results | None:
    """results.json -> `Results`; None while the run has not been tested."""
    if not path.is_file():
        return None
    content = read_mapping(path, problems)
    if not content:
        return None
    split = str(content.get("split", "test"))
    metric = str(content.get("baseline_metric") or METRIC.get(str(content.get("unit")), "bits_per_character"))
    metrics, baselines = content.get("metrics"), content.get("baselines")
    value = to_number(metrics.get(f"{split}/{metric}")) if isinstance(metrics, dict) else math.nan
    named = {str(key): to_number(figure) for key, figure in baselines.items()} if isinstance(baselines, dict) else {}
    return Results(
        split,
        metric,
        value,
        named,
        read_sample(content.get("sample")),
        read_forecasts(content),
        read_classes(content),
        read_examples(content),
        read_translation_scores(content, split),
    )


def read_sample(content: object) -> Sample | None:
    """The generated `text` with the `prefix` that it continues."""
    if not isinstance(content, dict) or not content.get("text"):
        return None
    prefix, text = str(content.get("prefix") or ""), str(content["text"])
    temperature = to_number(content.get("temperature"))
    return Sample(prefix, text, temperature if math.isfinite(temperature) else None)
