"""Records -> the rows of the page's tables, written out."""

import math
import shlex
from collections.abc import Iterator, Mapping

from unrolled.reports.narrative.comparison import Group, relative, value, verdict
from unrolled.reports.narrative.formatting import (
    NBSP,
    called,
    counted,
    duration,
    figure,
    listing,
    percent,
    setting,
    unit,
)
from unrolled.reports.records import Report, Run, Study

Cell = tuple[str, str]  # (what is shown, what it is sorted by)
TRIAL = ("trial", "number of the trial")
STATE = ("state", "how it ended")
REPORTS = ("reports", "how often it reported a value")
TIME = ("time", "from its start to its end")
ERROR = ("error", "why it failed")
FACTS = ("command", "started", "seconds", "git", "python", "parameters", "packages")


def headline(report: Report, compared: list[Group]) -> list[tuple[str, str]]:
    """(figure, what it is) for the head of the page."""
    tiles = []
    for group in compared[:1]:
        best = group.runs[0]
        tiles.append((figure(value(best)), f"{group.split} {unit(group.metric)} of {best.name}"))
        verdicts = {called(name): verdict(value(best), x) for name, x in group.baselines.items()}
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
            tiles.append((percent(study.importance[first]), f"of the importance lies on {study.labels[first]}"))
    return tiles


def contents(report: Report) -> str:
    """1 run and a sweep of 14 trials"""
    runs = [counted(len(report.runs), "run")] if report.runs else []
    return listing(runs + [f"a sweep of {counted(len(study.trials), 'trial')}" for study in report.studies])


def signed(difference: float) -> str:
    """-8.4 % with a real minus sign; "–" where there is no difference to tell."""
    if math.isnan(difference):
        return "–"
    sign = "−" if difference < 0 else "+"
    return f"{sign}{percent(difference)}" if percent(difference) != f"0.0{NBSP}%" else percent(difference)


def results_rows(group: Group) -> list[tuple[str, str, str, bool]]:
    """(name, its figure, how the best model differs from it in per cent, is it a model), the lowest figure first."""
    best = group.runs[0]
    rows = [(value(best), best.name, "–", True)]
    rows += [(value(run), run.name, signed(relative(value(best), value(run))), True) for run in group.runs[1:]]
    rows += [(x, called(name), signed(relative(value(best), x)), False) for name, x in group.baselines.items()]
    rows.sort(key=lambda row: (math.isnan(row[0]), row[0], row[1]))
    return [(name, figure(x), difference, model) for x, name, difference, model in rows]


def trial_table(study: Study) -> tuple[list[tuple[str, str]], list[tuple[str, list[Cell]]]]:
    """([(heading, its full name)], [(class of the row, cells)]): best first, then the others by number."""
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
    return ("–", "") if seconds is None else (duration(seconds), sort_key(seconds))


def number_cell(number: float) -> Cell:
    return (figure(number), sort_key(number)) if not math.isnan(number) else ("–", "")


def parameter_cell(given: object) -> Cell:
    return setting(given), sort_key(given) if isinstance(given, int | float) else setting(given)


def sort_key(number: float) -> str:
    """Empty keys are sorted last."""
    return repr(float(number)) if math.isfinite(number) else ""


def facts(run: Run) -> list[tuple[str, str]]:
    """environment.json as (name, value): what is expected first, whatever else it holds after."""
    known = [name for name in FACTS if name in run.environment]
    rest = [name for name in run.environment if name not in FACTS]
    return [(name, fact(name, run.environment[name])) for name in known + rest]


def fact(name: str, content: object) -> str:
    if content is None:
        return "unknown"
    if name == "command" and isinstance(content, list):
        return shlex.join(map(str, content))
    if name == "seconds" and isinstance(content, int | float):
        return duration(content)
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
