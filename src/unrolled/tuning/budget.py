"""Budget of a study: numbers of finished and failed trials, and time."""

import time
from collections import Counter
from dataclasses import dataclass
from typing import Literal

import optuna
from optuna.trial import FrozenTrial, TrialState

FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


def count_finished(trials: list[FrozenTrial]) -> int:
    """Number of trials with a result; failed trials have none."""
    return sum(trial.state in FINISHED for trial in trials)


def failures(trials: list[FrozenTrial]) -> list[FrozenTrial]:
    """The trials whose run failed, without interrupted ones."""
    return [trial for trial in trials if trial.state == TrialState.FAIL and "failure" in trial.user_attrs]


@dataclass(frozen=True)
class Budget:
    """Limits of a study.

    Args:
        trials: total number of trials to finish, over all workers and launches.
        failed: total number of failed trials at which to stop, so that a broken recipe does not fail forever.
        until: seconds since the epoch after which no trial starts.
    """

    trials: int
    failed: int
    until: float

    def decide(self, study: optuna.Study) -> Literal["ask", "wait", "stop"]:
        """Whether to ask for a trial; `wait` while those that run may yet fail and leave room for another.

        Exact only while no other worker asks: see `worker.turn`.
        """
        trials = study.get_trials(deepcopy=False)
        count = Counter(trial.state for trial in trials)
        done = count_finished(trials)
        if done >= self.trials or len(failures(trials)) >= self.failed or time.time() >= self.until:
            return "stop"
        return "wait" if done + count[TrialState.RUNNING] >= self.trials else "ask"
