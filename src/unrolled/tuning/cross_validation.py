"""Cross-validation: a trial is one run per fold of the data; its value is the mean over the folds."""

import statistics
from collections.abc import Sequence

from optuna.trial import FrozenTrial, TrialState

from unrolled.trial_labels import short_labels
from unrolled.tuning.trial_table import format_parameter

SCORES = "folds"  # user attribute of a trial: the objective of each fold, in order


def fold_table(trials: Sequence[FrozenTrial], paths: Sequence[str], folds: int, minimize: bool) -> list[str]:
    """One line per complete trial, best first: parameters, score of each fold, mean and standard deviation."""
    done = [trial for trial in trials if trial.state == TrialState.COMPLETE and SCORES in trial.user_attrs]
    done.sort(key=lambda trial: (1 if minimize else -1) * (trial.value or 0.0))
    rows = [["trial", *short_labels(paths).values(), *(f"fold {fold}" for fold in range(folds)), "mean", "sd"]]
    for trial in done:
        scores = trial.user_attrs[SCORES]
        numbers = [*scores, statistics.fmean(scores), statistics.stdev(scores)]
        chosen = [format_parameter(trial.params[path]) if path in trial.params else "" for path in paths]
        rows.append([str(trial.number), *chosen, *(f"{score:.4f}" for score in numbers)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
