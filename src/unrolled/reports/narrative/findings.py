"""Findings of a report as sentences, derived from its numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from unrolled.reports.narrative.comparison import (
    Group,
    comparable_groups,
    families,
    measured_value,
    relative,
    seeds,
    verdict,
)
from unrolled.reports.narrative.formatting import (
    EQUAL_TEXT,
    baseline_label,
    count_noun,
    data_kind,
    format_number,
    format_percent,
    listing,
    metric_unit,
    with_unit,
)
from unrolled.reports.narrative.study_findings import study_cautions, study_findings
from unrolled.reports.records import Curve, Report, Run


@dataclass(frozen=True)
class Findings:
    """`found`: paragraphs, most important first; `cautions`: limits of the evidence."""

    found: tuple[str, ...]
    cautions: tuple[str, ...]


def findings(report: Report) -> Findings:
    compared = comparable_groups(report.all_runs)
    found = [" ".join(group_findings(group)) for group in compared]
    if not compared:
        found.append("No run has a usable test result, so there is no comparison with baselines.")
    shown = report.runs if len(report.runs) <= 3 else tuple(group.runs[0] for group in compared)
    found += [sentence for run in shown if (sentence := loss_course(run))]
    found += [" ".join(study_findings(study)) for study in report.studies]
    cautions = [caution for group in compared if (caution := one_seed(group))]
    cautions += [caution for run in report.runs for caution in run_cautions(run)]
    cautions += [caution for study in report.studies for caution in study_cautions(study)]
    return Findings(tuple(found), tuple(cautions))


def group_findings(group: Group) -> list[str]:
    """The best run compared with baselines, then the runner-up, then the spread over seeds."""
    best = group.runs[0]
    data = f"on the {group.split} {data_kind(group.metric)}" + (f" of {group.text}" if group.text else "")
    which = (
        f"Of {count_noun(len(group.runs), 'tested run')}, {best.name} is the best: it" if group.runs[1:] else best.name
    )
    sentences = [f"{which} reaches {with_unit(measured_value(best), group.metric)} {data}.", *against_baselines(best)]
    if group.runs[1:]:
        second, gap = group.runs[1], compared_with(measured_value(group.runs[1]), measured_value(best))
        sentences.append(f"The next is {second.name} with {format_number(measured_value(second))}, {gap}.")
    return sentences + [over_seeds(family) for family in families(group.runs) if seeds(family) > 1]


def over_seeds(family: Sequence[Run]) -> str:
    values, names = [measured_value(run) for run in family], listing([run.name for run in family])
    return (
        f"Over {count_noun(len(family), 'run')} of one recipe with {seeds(family)} seeds ({names}) the mean is "
        f"{format_number(sum(values) / len(values))}, "
        f"from {format_number(min(values))} to {format_number(max(values))}."
    )


def against_baselines(run: Run) -> list[str]:
    """One sentence each for the baselines that are worse, equal and better than the run."""
    baselines = run.results.baselines if run.results else {}
    if not baselines:
        return ["There are no baselines to compare it with."]
    named: dict[str, list[str]] = {"better": [], "equal": [], "worse": [], "unknown": []}
    for name, baseline in sorted(baselines.items(), key=lambda item: (-item[1], item[0])):
        kind = verdict(measured_value(run), baseline)
        by = f" by {format_percent(relative(measured_value(run), baseline))}" if kind in ("better", "worse") else ""
        shown = "" if kind == "unknown" else f" ({format_number(baseline)})"
        named[kind].append(f"{baseline_label(name)}{shown}{by}")
    templates = {
        "better": "It beats {}.",
        "equal": f"It equals {{}} to within {EQUAL_TEXT}.",
        "worse": "It loses to {}." if named["better"] else "It beats none of the baselines and loses to {}.",
        "unknown": "There is no usable value for {}.",
    }
    if named["equal"] and not named["better"]:
        templates["worse"] = "It loses to {}."
    return [templates[kind].format(listing(names)) for kind, names in named.items() if names]


def compared_with(other: float, best: float) -> str:
    """How much higher `other` is than `best`, as a clause."""
    if verdict(other, best) == "equal":
        return f"the same to within {EQUAL_TEXT}"
    difference = relative(other, best)
    return "higher" if math.isnan(difference) else f"{format_percent(difference)} higher"


def loss_course(run: Run) -> str:
    """The step of the lowest validation loss, and whether it rose afterwards or was still falling; "" for neither."""
    points = run.curves.get("val/loss", Curve()).finite
    if len(points) < 2:
        return ""
    step, lowest = min(points, key=lambda point: (point[1], point[0]))
    last_step, last = points[-1]
    if step == last_step:
        return (
            f"The validation loss of {run.name} was at its lowest ({format_number(lowest)}) at the last measurement, "
            f"step {step:,}: longer training may lower it further."
        )
    if verdict(last, lowest) != "worse":
        return ""
    return (
        f"The validation loss of {run.name} was lowest at step {step:,} ({format_number(lowest)}) "
        f"and {format_percent(relative(last, lowest))} higher at the last measurement, step {last_step:,}."
    )


def one_seed(group: Group) -> str:
    best = next(family for family in families(group.runs) if group.runs[0] in family)
    if seeds(best) > 1:
        return ""
    return f"{group.runs[0].name} was trained with one seed: a small difference may be chance. Train more seeds."


def run_cautions(run: Run) -> Sequence[str]:
    cautions = [f"{run.name}: {problem}" for problem in run.problems]
    if run.results is None:
        cautions.append(f"{run.name} has no test results yet: `unrolled test` writes them.")
    elif not math.isfinite(run.results.value):
        cautions.append(
            f"{run.name} has no finite {run.results.split} {metric_unit(run.results.metric)} in results.json."
        )
    for name, curve in run.curves.items():
        bad = len(curve.values) - len(curve.finite)
        if bad:
            first = next(s for s, v in zip(curve.steps, curve.values, strict=True) if not math.isfinite(v))
            measured = count_noun(len(curve.values), "measurement")
            cautions.append(f"{name} of {run.name} was not finite in {bad:,} of {measured}, first at step {first:,}.")
    return cautions
