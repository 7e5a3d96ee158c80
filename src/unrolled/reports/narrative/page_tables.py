"""Rows of the page's tables, as text."""

import math
import shlex
from collections.abc import Iterator, Mapping

from unrolled.reports.narrative.comparison import Group, measured_value, relative, verdict
from unrolled.reports.narrative.formatting import (
    NBSP,
    baseline_label,
    count_noun,
    format_duration,
    format_number,
    format_percent,
    format_setting,
    listing,
    metric_unit,
)
from unrolled.reports.records import Report, Run, Study

Cell = tuple[str, str]  # (displayed text, sort key)
TRIAL = ("trial", "number of the trial")
STATE = ("state", "how it ended")
REPORTS = ("reports", "how often it reported a value")
TIME = ("time", "from start to end")
ERROR = ("error", "why it failed")
FACTS = ("command", "started", "seconds", "git", "python", "parameters", "packages")


def headline(report: Report, compared: list[Group]) -> list[tuple[str, str]]:
    """(value, meaning) for the tiles in the page header."""
    tiles = []
    for group in compared[:1]:
        best = group.runs[0]
        tiles.append((format_number(measured_value(best)), f"{group.split} {metric_unit(group.metric)} of {best.name}"))
        verdicts = {baseline_label(name): verdict(measured_value(best), x) for name, x in group.baselines.items()}
        known = [name for name, kind in verdicts.items() if kind != "unknown"]
        beaten = [name for name in known if verdicts[name] == "better"]
        others = [name for name in known if name not in beaten] if beaten else []
        if known:
            unbeaten = f", not {listing(others, 'or')}" if others else ""
            tiles.append((f"{len(beaten)} of {len(known)}", f"baselines beaten{unbeaten}"))
    for study in report.studies[:1]:
        tiles.append((f"{study.count('complete')} of {len(study.trials)}", f"trials of {study.name} completed"))
        if len(study.importance) > 1:
            first = max(study.importance, key=lambda key: study.importance[key])
            tiles.append((format_percent(study.importance[first]), f"of the importance is {study.labels[first]}"))
    return tiles


def contents(report: Report) -> str:
    """1 run and a sweep of 14 trials"""
    runs = [count_noun(len(report.runs), "run")] if report.runs else []
    return listing(runs + [f"a sweep of {count_noun(len(study.trials), 'trial')}" for study in report.studies])


def signed(difference: float) -> str:
    """A relative difference such as −8.4 %, with a real minus sign; "–" where there is none."""
    if math.isnan(difference):
        return "–"
    sign = "−" if difference < 0 else "+"
    return (
        f"{sign}{format_percent(difference)}"
        if format_percent(difference) != f"0.0{NBSP}%"
        else format_percent(difference)
    )


def results_rows(group: Group) -> list[tuple[str, str, str, bool]]:
    """(name, value, relative difference of the best model, whether it is a model), lowest value first."""
    best = group.runs[0]
    rows = [(measured_value(best), best.name, "–", True)]
    rows += [
        (measured_value(run), run.name, signed(relative(measured_value(best), measured_value(run))), True)
        for run in group.runs[1:]
    ]
    rows += [
        (x, baseline_label(name), signed(relative(measured_value(best), x)), False)
        for name, x in group.baselines.items()
    ]
    rows.sort(key=lambda row: (math.isnan(row[0]), row[0], row[1]))
    return [(name, format_number(x), difference, model) for x, name, difference, model in rows]


def trial_table(study: Study) -> tuple[list[tuple[str, str]], list[tuple[str, list[Cell]]]]:
    """([(heading, full name)], [(CSS class of the row, cells)]): ranked trials first, then the others by number."""
    names = list(study.parameters)
    headings = [TRIAL, STATE, (study.objective, "final value of the objective")]
    headings += [(study.labels[name], name) for name in names] + [REPORTS, TIME]
    with_errors = any(trial.error for trial in study.trials)
    ranked = {trial.number: trial for trial in study.ranked}
    best = next(iter(ranked), None)
    order = [*ranked.values(), *(trial for trial in study.trials if trial.number not in ranked)]
    rows = []
    for trial in order:
        reports = len(trial.reported.steps)
        cells = [(str(trial.number), str(trial.number)), (trial.state, trial.state), number_cell(trial.value)]
        cells += [parameter_cell(trial.params[name]) if name in trial.params else ("–", "") for name in names]
        cells += [(str(reports), str(reports)), time_cell(trial.seconds)]
        cells += [(trial.error or "", trial.error or "")] if with_errors else []
        rows.append(("best" if trial.number == best else trial.state, cells))
    return headings + ([ERROR] if with_errors else []), rows


def time_cell(seconds: float | None) -> Cell:
    return ("–", "") if seconds is None else (format_duration(seconds), sort_key(seconds))


def number_cell(number: float) -> Cell:
    return (format_number(number), sort_key(number)) if not math.isnan(number) else ("–", "")


def parameter_cell(given: object) -> Cell:
    return format_setting(given), sort_key(given) if isinstance(given, int | float) else format_setting(given)


def sort_key(number: float) -> str:
    """A number as sort key; "" for nan and inf, which sort last."""
    return repr(float(number)) if math.isfinite(number) else ""


def facts(run: Run) -> list[tuple[str, str]]:
    """environment.json as (name, value): the names of FACTS first, then all others."""
    known = [name for name in FACTS if name in run.environment]
    rest = [name for name in run.environment if name not in FACTS]
    return [(name, fact(name, run.environment[name])) for name in known + rest]


def fact(name: str, content: object) -> str:
    if content is None:
        return "unknown"
    if name == "command" and isinstance(content, list):
        return shlex.join(map(str, content))
    if name == "seconds" and isinstance(content, int | float):
        return format_duration(content)
    if name == "parameters" and isinstance(content, int):
        return f"{content:,}"
    if name == "git" and isinstance(content, dict):
        state = {True: ", with uncommitted changes", False: ", clean"}.get(content.get("dirty"), "")  # type: ignore[arg-type]
        return f"commit {content.get('commit')}{state}"
    return ", ".join(flat(content))


def flat(content: object) -> Iterator[str]:
    if isinstance(content, Mapping):
        for key, value_of_key in content.items():
            yield f"{key} {' '.join(flat(value_of_key))}"
    elif isinstance(content, list):
        for item in content:
            yield from flat(item)
    else:
        yield str(content)
