"""Findings of one study as sentences."""

import math
from statistics import median

from unrolled.reports.narrative.formatting import (
    EQUAL,
    EQUAL_TEXT,
    count_noun,
    format_number,
    format_percent,
    format_setting,
    listing,
)
from unrolled.reports.records import Study

FEW = 20  # with fewer completed trials, best values and importance are only hints
EDGE = 0.05  # share of a range (of its logarithm, if sampled so) that counts as its edge
CLOSE = 0.01  # difference of importance below which the first two count as equal
STATES = {"complete": "completed"} | {word: word for word in ("pruned", "failed", "interrupted", "running", "waiting")}


def study_findings(study: Study) -> list[str]:
    return [sentence for sentence in (attempts(study), best_trial(study), most_important(study)) if sentence]


def attempts(study: Study) -> str:
    if not study.trials:
        return f"The sweep {study.name} has no trials."
    counts = [f"{study.count(state):,} {word}" for state, word in STATES.items() if study.count(state)]
    return f"The sweep {study.name} has {count_noun(len(study.trials), 'trial')}: {listing(counts)}."


def best_trial(study: Study) -> str:
    """The best trial compared with the median of the completed ones."""
    if not study.ranked:
        return "No trial completed with a finite value, so none is the best." if study.trials else ""
    best, values = study.ranked[0], [trial.value for trial in study.ranked]
    reached = f"with {study.objective} {format_number(best.value)}"
    if len(values) == 1:
        return f"Only trial {best.number} ended with a finite value, {reached}: there is no median to compare it with."
    if min(values) == max(values):
        same = f"reached the same {study.objective}, {format_number(best.value)}."
        return f"All {len(values)} trials with a final value {same}"
    return (
        f"Trial {best.number} is the best {reached}, {compared_with_median(best.value, median(values), len(values))}."
    )


def compared_with_median(best: float, middle: float, count: int) -> str:
    """The difference, in per cent if both values are positive."""
    side = "below" if best < middle else "above"
    where = f"the median of {count} completed trials ({format_number(middle)})"
    if best == middle:
        return f"equal to {where}"
    if best > 0 and middle > 0:
        ratio = (best - middle) / middle
        return (
            f"{format_percent(ratio)} {side} {where}"
            if abs(ratio) >= EQUAL
            else f"less than {EQUAL_TEXT} {side} {where}"
        )
    return f"{format_number(abs(best - middle))} {side} {where}"


def most_important(study: Study) -> str:
    ranked = sorted(study.importance.items(), key=lambda item: (-item[1], item[0]))
    if len(ranked) < 2:
        return ""
    (first, most), (second, next_most) = ranked[:2]
    leader = f"{study.labels[first]} ({format_percent(most)} of the importance)"
    runner_up = f"{study.labels[second]} ({format_percent(next_most)})"
    if most - next_most < CLOSE:
        return f"No hyper-parameter dominates: {leader} and {runner_up} lead."
    return f"The hyper-parameter that mattered most is {leader}, before {runner_up}."


def study_cautions(study: Study) -> list[str]:
    name = study.name
    cautions = [f"{name}: {problem}" for problem in study.problems]
    for state in ("failed", "interrupted"):
        if count := study.count(state):
            were = "" if state == "failed" else "was " if count == 1 else "were "
            cautions.append(f"{count_noun(count, 'trial')} of {name} {were}{state} and left no final value.")
    if unfinished := study.count("running") + study.count("waiting"):
        cautions.append(f"{count_noun(unfinished, 'trial')} of {name} had not ended when this page was made.")
    completed = study.count("complete")
    if study.trials and completed < FEW:
        few = f"Only {count_noun(completed, 'trial')}" if completed else "No trial"
        worth = "only a hint" if completed else "not available yet"
        cautions.append(f"{few} of {name} completed: the sweep's ranking of hyper-parameters is {worth}.")
    if infinite := completed - len(study.ranked):
        cautions.append(f"{count_noun(infinite, 'completed trial')} of {name} ended without a finite value.")
    if len(study.ranked) > 1:
        cautions.append(
            f"The best trial of {name} was selected by the value shown here, which is therefore optimistic."
        )
        cautions += edges(study)
    return cautions


def edges(study: Study) -> list[str]:
    """Best values at the edge of their search range, where a better one may be outside."""
    found = []
    for name, value in study.ranked[0].params.items():
        space = study.parameters.get(name)
        if space is None or space.choices is not None or not isinstance(value, int | float) or space.low >= space.high:
            continue
        low, high, at = (math.log(x) if space.log else x for x in (space.low, space.high, value))
        share = (at - low) / (high - low)
        if not EDGE < share < 1 - EDGE:
            end, bound = ("lower", space.low) if share <= EDGE else ("upper", space.high)
            best = f"The best {study.labels[name]} of {study.name} ({format_setting(value)})"
            found.append(f"{best} is at the {end} end of its range ({format_setting(bound)}): consider a wider range.")
    return found
