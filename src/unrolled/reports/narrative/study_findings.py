"""Numbers -> sentences about one study."""

import math
from statistics import median

from unrolled.reports.narrative.formatting import EQUAL, HAIR, counted, figure, listing, percent, setting
from unrolled.reports.records import Study

FEW = 20  # completed trials under which the best values and the importance are a hint
EDGE = 0.05  # share of a range (of its logarithm, where it is searched so) that counts as its edge
CLOSE = 0.01  # difference of importance under which the first two are told as equals
STATES = {"complete": "completed"} | {word: word for word in ("pruned", "failed", "interrupted", "running", "waiting")}


def study_findings(study: Study) -> list[str]:
    return [sentence for sentence in (attempts(study), best_trial(study), most_important(study)) if sentence]


def attempts(study: Study) -> str:
    if not study.trials:
        return f"The sweep {study.name} has no trials."
    counts = [f"{study.count(state):,} {word}" for state, word in STATES.items() if study.count(state)]
    return f"The sweep {study.name} has {counted(len(study.trials), 'trial')}: {listing(counts)}."


def best_trial(study: Study) -> str:
    """The best trial beside the median of the completed ones."""
    if not study.ranked:
        return "No trial completed with a finite value, so none is the best." if study.trials else ""
    best, values = study.ranked[0], [trial.value for trial in study.ranked]
    reached = f"with {study.objective} {figure(best.value)}"
    if len(values) == 1:
        return f"Only trial {best.number} ended with a finite value, {reached}: there is no median to hold it against."
    if min(values) == max(values):
        return f"All {len(values)} trials with a final value reached the same {study.objective}, {figure(best.value)}."
    return f"Trial {best.number} is the best {reached}, {beside_median(best.value, median(values), len(values))}."


def beside_median(best: float, middle: float, count: int) -> str:
    """The difference in per cent where both are positive, otherwise as it is."""
    side = "below" if best < middle else "above"
    where = f"the median of {count} completed trials ({figure(middle)})"
    if best == middle:
        return f"equal to {where}"
    if best > 0 and middle > 0:
        ratio = (best - middle) / middle
        return f"{percent(ratio)} {side} {where}" if abs(ratio) >= EQUAL else f"less than {HAIR} {side} {where}"
    return f"{figure(abs(best - middle))} {side} {where}"


def most_important(study: Study) -> str:
    ranked = sorted(study.importance.items(), key=lambda item: (-item[1], item[0]))
    if len(ranked) < 2:
        return ""
    (first, most), (second, next_most) = ranked[:2]
    leader = f"{study.labels[first]} ({percent(most)} of the importance)"
    runner_up = f"{study.labels[second]} ({percent(next_most)})"
    if most - next_most < CLOSE:
        return f"No hyper-parameter stands out: {leader} and {runner_up} lead."
    return f"The hyper-parameter that mattered most is {leader}, before {runner_up}."


def study_cautions(study: Study) -> list[str]:
    name = study.name
    cautions = [f"{name}: {problem}" for problem in study.problems]
    for state in ("failed", "interrupted"):
        if count := study.count(state):
            were = "" if state == "failed" else "was " if count == 1 else "were "
            cautions.append(f"{counted(count, 'trial')} of {name} {were}{state} and left no final value.")
    if unfinished := study.count("running") + study.count("waiting"):
        cautions.append(f"{counted(unfinished, 'trial')} of {name} had not ended when this page was made.")
    completed = study.count("complete")
    if study.trials and completed < FEW:
        few = f"Only {counted(completed, 'trial')}" if completed else "No trial"
        worth = "a hint, not a finding" if completed else "nothing yet"
        cautions.append(f"{few} of {name} completed: what the sweep says of hyper-parameters is {worth}.")
    if infinite := completed - len(study.ranked):
        cautions.append(f"{counted(infinite, 'completed trial')} of {name} ended without a finite value.")
    if len(study.ranked) > 1:
        cautions.append(f"The best trial of {name} was chosen by the figure shown for it, which tends to flatter it.")
        cautions += edges(study)
    return cautions


def edges(study: Study) -> list[str]:
    """Best values at the edge of their search range: a better one may lie outside."""
    found = []
    for name, value in study.ranked[0].params.items():
        space = study.parameters.get(name)
        if space is None or space.choices is not None or not isinstance(value, int | float) or space.low >= space.high:
            continue
        low, high, at = (math.log(x) if space.log else x for x in (space.low, space.high, value))
        share = (at - low) / (high - low)
        if not EDGE < share < 1 - EDGE:
            end, bound = ("lower", space.low) if share <= EDGE else ("upper", space.high)
            best = f"The best {study.labels[name]} of {study.name} ({setting(value)})"
            found.append(f"{best} lies at the {end} end of its range ({setting(bound)}): a better one may lie outside.")
    return found
