"""When a study has enough trials, and when it has failed too often."""

import time
from collections import Counter
from dataclasses import dataclass
from typing import Literal

import optuna
from optuna.trial import FrozenTrial, TrialState

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


def finished(trials: list[FrozenTrial]) -> int:
    """How many trials have a result; those that failed have none."""
    return sum(trial.state in FINISHED for trial in trials)


def failures(trials: list[FrozenTrial]) -> list[FrozenTrial]:
    """The trials whose run went wrong, not those that were interrupted from outside."""
    return [trial for trial in trials if trial.state == TrialState.FAIL and "failure" in trial.user_attrs]


@dataclass(frozen=True)
class Budget:
    """What a worker may still start.

    Args:
        trials: trials to finish in all, by all workers and all launches.
        failed: failed trials in all at which to stop, so that a broken recipe does not fail for ever.
        until: seconds since the epoch after which no trial starts.
    """

    trials: int
    failed: int
    until: float

    def next(self, study: optuna.Study) -> Literal["ask", "wait", "stop"]:
        """Whether to ask for a trial; `wait` while those that run may yet fail and leave room for another.

        Exact only while no other worker asks: see `worker.turn`.
        """
        trials = study.get_trials(deepcopy=False)
        count = Counter(trial.state for trial in trials)
        done = finished(trials)
        if done >= self.trials or len(failures(trials)) >= self.failed or time.time() >= self.until:
            return "stop"
        return "wait" if done + count[TrialState.RUNNING] >= self.trials else "ask"
