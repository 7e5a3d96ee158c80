"""A worker: ask for a trial, run it, tell how it went, until the study has enough.

    python -m unrolled.tuning runs/quickstart-sweep

Any number of workers may serve one study; all they share is its folder and its storage.
"""

import fcntl
import math
import os
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import fmean

import optuna
from optuna.exceptions import TrialPruned
from optuna.trial import TrialState

from unrolled.config import yaml_io as yaml_file
from unrolled.config.recipe import Recipe, override
from unrolled.suggestions import expected
from unrolled.tuning import cross_validation as folds
from unrolled.tuning import sweep_file
from unrolled.tuning import trial_process as trial
from unrolled.tuning.budget import Budget, failures
from unrolled.tuning.samplers import make_pruner, make_sampler
from unrolled.tuning.search_space import suggest
from unrolled.tuning.storage import open_study

PAUSE = 0.5  # seconds between two looks at a study that may yet need another trial


class Worker:
    """Serves the study of a folder that the launcher has prepared.

    Args:
        folder: runs/<study>, with study.yaml and recipe.yaml.
        stop: when set, the trial that runs is given up and queued again, and `work` returns.
        train: `module:function` that a trial runs in its own process.
    """

    def __init__(self, folder: Path, stop: threading.Event, train: str = trial.TRAIN) -> None:
        self.folder, self.stop, self.train = folder.resolve(), stop, train
        self.sweep = sweep_file.read(folder / "study.yaml")
        self.recipe = yaml_file.read(folder / "recipe.yaml")
        self.study = open_study(self.sweep, folder)
        self.study.pruner = make_pruner(self.sweep.pruner)
        self.budget = Budget(
            trials=self.sweep.trials,
            failed=self.sweep.trials + len(failures(self.study.get_trials(deepcopy=False))),
            until=time.time() + self.sweep.seconds if self.sweep.seconds else math.inf,
        )
        # The fork server and every trial inherit it.  More threads than cores can be ten times slower than one.
        os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(self.sweep.threads)

    def work(self) -> None:
        """Run trials until the budget is spent."""
        while not self.stop.is_set():
            with ExitStack() as turn:
                turn.enter_context(one_at_a_time(self.folder / "lock"))
                verdict = self.budget.next(self.study)
                if verdict == "ask":
                    self._one_trial(turn)
            if verdict == "stop":
                return
            if verdict == "wait":
                with warnings.catch_warnings(action="ignore", category=optuna.exceptions.ExperimentalWarning):
                    optuna.storages.fail_stale_trials(self.study)
                self.stop.wait(PAUSE)

    def _one_trial(self, turn: ExitStack) -> None:
        """Ask, run, tell; the turn to ask ends as soon as the trial is running and its parameters are known."""
        number = len(self.study.get_trials(deepcopy=False))
        self.study.sampler = make_sampler(self.sweep.sampler, number)
        asked: list[optuna.Trial] = []
        given_up = ran = False

        def objective(chosen: optuna.Trial) -> float:
            nonlocal given_up, ran
            asked.append(chosen)
            overrides = suggest(chosen, self.sweep.space)
            turn.close()
            try:
                value = self._run(chosen, overrides)
                ran = True  # from here on only telling can fail
                return value
            except trial.TrialFailed as failure:
                chosen.set_user_attr("failure", str(failure))
                chosen.set_user_attr("refused", isinstance(failure, trial.TrialRefused))
                raise
            finally:
                given_up = self.study.get_trials(deepcopy=False)[chosen.number].state != TrialState.RUNNING

        try:
            # optimize, not ask and tell: it alone sends heartbeats
            self.study.optimize(objective, n_trials=1, catch=(trial.TrialFailed,))
        except trial.Interrupted:
            with warnings.catch_warnings(action="ignore", category=optuna.exceptions.ExperimentalWarning):
                self.study.enqueue_trial(asked[0].params)
        except Exception:
            # While this machine slept, another worker gave the trial up and queued it again: there is nothing to tell.
            if not given_up and not (
                ran and self.study.get_trials(deepcopy=False)[asked[0].number].state == TrialState.FAIL
            ):
                raise

    def _run(self, chosen: optuna.Trial, overrides: dict[str, object]) -> float:
        """The objective, after one run or after one for each fold."""
        recipe, pruned = override(self.recipe, overrides), False
        if self.sweep.folds > 1:
            return self._run_folds(chosen, recipe)

        def go_on(step: int, metrics: trial.Metrics) -> bool:
            nonlocal pruned
            if (metric := self.sweep.objective["metric"]) in metrics:
                chosen.report(metrics[metric], step)
                pruned = chosen.should_prune()
            return not pruned

        metrics = self._train(chosen.number, recipe, str(chosen.number), go_on)
        if pruned:
            raise TrialPruned
        return self._objective(metrics)

    def _run_folds(self, chosen: optuna.Trial, recipe: Recipe) -> float:
        """The mean over the folds; the pruner looks at the mean so far, behind each of them."""
        scores: list[float] = []
        for fold in range(self.sweep.folds):
            held_out = override(recipe, self.sweep.held_out(fold))
            metrics = self._train(chosen.number, held_out, f"{chosen.number}/fold-{fold}", lambda step, metrics: True)
            scores.append(self._objective(metrics))
            chosen.set_user_attr(folds.SCORES, scores)
            chosen.report(fmean(scores), fold + 1)
            if fold + 1 < self.sweep.folds and chosen.should_prune():
                raise TrialPruned
        return fmean(scores)

    def _train(self, number: int, recipe: Recipe, name: str, go_on: trial.GoOn) -> trial.Metrics:
        """One run in trials/`name`."""
        made = trial.Trial(
            recipe=recipe,
            folder=self.folder / "trials" / name,
            study=self.sweep.study,
            log=self.folder / "logs" / f"trial-{number}.txt",
            train=self.train,
        )
        return trial.run(made, go_on, self.stop)

    def _objective(self, metrics: trial.Metrics) -> float:
        metric = self.sweep.objective["metric"]
        if metric not in metrics:
            raise trial.TrialFailed(f"objective.metric: {expected(metric, metrics)}")
        if math.isnan(metrics[metric]):
            raise trial.TrialFailed(f"{metric} is nan")
        return metrics[metric]


@contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Counting trials and asking for one must be one act, or two workers would both start the last trial.

    The lock dies with its owner, so no kill leaves it behind.
    """
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
