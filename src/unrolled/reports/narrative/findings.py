"""Numbers -> sentences about the whole report. Each sentence is true for every input, or it is not written."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from unrolled.reports.narrative.comparison import Group, families, groups, relative, seeds, value, verdict
from unrolled.reports.narrative.formatting import (
    HAIR,
    called,
    counted,
    figure,
    listing,
    material,
    measure,
    percent,
    unit,
)
from unrolled.reports.narrative.study_findings import study_cautions, study_findings
from unrolled.reports.records import Curve, Report, Run


@dataclass(frozen=True)
class Findings:
    """`found` are paragraphs, the most important first; `cautions` say where the evidence is thin."""

    found: tuple[str, ...]
    cautions: tuple[str, ...]


def findings(report: Report) -> Findings:
    compared = groups(report.all_runs)
    found = [" ".join(group_findings(group)) for group in compared]
    if not compared:
        found.append("No run here has a usable test figure, so there is no comparison with baselines.")
    shown = report.runs if len(report.runs) <= 3 else tuple(group.runs[0] for group in compared)
    found += [sentence for run in shown if (sentence := course(run))]
    found += [" ".join(study_findings(study)) for study in report.studies]
    cautions = [caution for group in compared if (caution := one_seed(group))]
    cautions += [caution for run in report.runs for caution in run_cautions(run)]
    cautions += [caution for study in report.studies for caution in study_cautions(study)]
    return Findings(tuple(found), tuple(cautions))


def group_findings(group: Group) -> list[str]:
    """The best run beside the baselines, then how far the next one is, then what several seeds gave."""
    best = group.runs[0]
    where = f"on the {group.split} {material(group.metric)}" + (f" of {group.text}" if group.text else "")
    which = f"Of {counted(len(group.runs), 'tested run')}, {best.name} is the best: it" if group.runs[1:] else best.name
    sentences = [f"{which} reaches {measure(value(best), group.metric)} {where}.", *against_baselines(best)]
    if group.runs[1:]:
        second, behind = group.runs[1], beside(value(group.runs[1]), value(best))
        sentences.append(f"The next is {second.name} with {figure(value(second))}, {behind}.")
    return sentences + [over_seeds(family) for family in families(group.runs) if seeds(family) > 1]


def over_seeds(family: Sequence[Run]) -> str:
    values, names = [value(run) for run in family], listing([run.name for run in family])
    return (
        f"Over {counted(len(family), 'run')} of one recipe with {seeds(family)} seeds ({names}) the mean is "
        f"{figure(sum(values) / len(values))}, from {figure(min(values))} to {figure(max(values))}."
    )


def against_baselines(run: Run) -> list[str]:
    """One sentence each for the baselines that the run beats, equals and loses to."""
    baselines = run.results.baselines if run.results else {}
    if not baselines:
        return ["There are no baselines to compare it with."]
    named: dict[str, list[str]] = {"better": [], "equal": [], "worse": [], "unknown": []}
    for name, baseline in sorted(baselines.items(), key=lambda item: (-item[1], item[0])):
        kind = verdict(value(run), baseline)
        by = f" by {percent(relative(value(run), baseline))}" if kind in ("better", "worse") else ""
        shown = "" if kind == "unknown" else f" ({figure(baseline)})"
        named[kind].append(f"{called(name)}{shown}{by}")
    templates = {
        "better": "It beats {}.",
        "equal": f"It equals {{}} to within {HAIR}.",
        "worse": "It loses to {}." if named["better"] else "It beats none of the baselines and loses to {}.",
        "unknown": "There is no usable figure for {}.",
    }
    if named["equal"] and not named["better"]:
        templates["worse"] = "It loses to {}."
    return [templates[kind].format(listing(names)) for kind, names in named.items() if names]


def beside(other: float, best: float) -> str:
    """How much higher `other` is than `best`, as a clause."""
    if verdict(other, best) == "equal":
        return f"the same to within {HAIR}"
    difference = relative(other, best)
    return "higher" if math.isnan(difference) else f"{percent(difference)} higher"


def course(run: Run) -> str:
    """Where the validation loss was lowest, and whether it rose again or was still falling; "" where neither shows."""
    points = run.curves.get("val/loss", Curve()).finite
    if len(points) < 2:
        return ""
    step, lowest = min(points, key=lambda point: (point[1], point[0]))
    last_step, last = points[-1]
    if step == last_step:
        return (
            f"The validation loss of {run.name} was at its lowest ({figure(lowest)}) at the last measurement, "
            f"step {step:,}: longer training may lower it further."
        )
    if verdict(last, lowest) != "worse":
        return ""
    return (
        f"The validation loss of {run.name} was lowest at step {step:,} ({figure(lowest)}) "
        f"and {percent(relative(last, lowest))} higher at the last measurement, step {last_step:,}."
    )


def one_seed(group: Group) -> str:
    best = next(family for family in families(group.runs) if group.runs[0] in family)
    if seeds(best) > 1:
        return ""
    return f"{group.runs[0].name} stands on one seed: a small difference may be chance until other seeds show it too."


def run_cautions(run: Run) -> Sequence[str]:
    cautions = [f"{run.name}: {problem}" for problem in run.problems]
    if run.results is None:
        cautions.append(f"{run.name} has no test results yet: `unrolled test` writes them.")
    elif not math.isfinite(run.results.value):
        cautions.append(f"{run.name} has no finite {run.results.split} {unit(run.results.metric)} in results.json.")
    for name, curve in run.curves.items():
        bad = len(curve.values) - len(curve.finite)
        if bad:
            first = next(s for s, v in zip(curve.steps, curve.values, strict=True) if not math.isfinite(v))
            measured = counted(len(curve.values), "measurement")
            cautions.append(f"{name} of {run.name} was not finite in {bad:,} of {measured}, first at step {first:,}.")
    return cautions
