"""Recipes as YAML, with the command that reproduces them."""

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path

import yaml

from unrolled.reports.records import Report, Run, Study


def configurations(report: Report) -> list[tuple[str, str, str]]:
    """(title, YAML, command that reproduces it) for the best trial of each study and for each run."""
    found = [best_configuration(study) for study in report.studies if study.ranked]
    found += [(run.name, as_yaml(run.recipe), command(run)) for run in report.runs if run.recipe]
    return found


def best_configuration(study: Study) -> tuple[str, str, str]:
    """The best trial's recipe, or only its hyper-parameters if its folder is missing."""
    best = study.ranked[0]
    title = f"Trial {best.number}, the best of {study.name}"
    if study.best_run and study.best_run.recipe:
        return title, as_yaml(study.best_run.recipe), command(study.best_run)
    recipe, overrides = study.sweep.get("recipe"), study.sweep.get("overrides")
    changes = {**(overrides if isinstance(overrides, dict) else {}), **best.params}
    options = [f"--{name}={option(value)}" for name, value in changes.items()]
    start = recipe if isinstance(recipe, str) else "RECIPE"
    return title, as_yaml(changes), shlex.join(["unrolled", "fit", "-c", start, *options])


def option(value: object) -> str:
    """A value as a YAML command-line argument, with all digits."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def command(run: Run) -> str:
    """The command that retrains a run; a trial's run name includes the study, as its folder is only a number."""
    folder = Path(run.folder)
    name = f"{folder.parents[1].name}-trial-{folder.name}" if folder.parent.name == "trials" else folder.name
    named = ["--run", name] if re.fullmatch(r"\w[\w.+-]*", name) else []
    return shlex.join(["unrolled", "fit", "-c", f"{run.folder}/recipe.yaml", *named])


def as_yaml(content: Mapping[str, object]) -> str:
    return yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True, width=88)
