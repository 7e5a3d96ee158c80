"""Worker process: ask for a trial, run it and report its result, until the budget is spent.

    python -m unrolled.tuning runs/quickstart-sweep

Any number of workers may serve one study; they share only its folder and its storage.
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

from unrolled.config import yaml_io
from unrolled.config.recipe import Recipe, override
from unrolled.suggestions import expected
from unrolled.tuning import cross_validation, sweep_file
from unrolled.tuning import trial_process as trial
from unrolled.tuning.budget import Budget, failures
from unrolled.tuning.samplers import make_pruner, make_sampler
from unrolled.tuning.search_space import suggest
from unrolled.tuning.storage import open_study

PAUSE = 0.5  # seconds between polls of a study that may still need another trial


class Worker:
    """Run trials of a study whose folder the launcher has prepared.

    Args:
        folder: runs/<study>, with study.yaml and recipe.yaml.
        stop: when set, the running trial is aborted and queued again, and `work` returns.
        train: `module:function` that runs a trial.
    """

    def __init__(self, folder: Path, stop: threading.Event, train: str = trial.TRAIN) -> None:
        self.folder, self.stop, self.train = folder.resolve(), stop, train
        self.sweep = sweep_file.read_sweep(folder / "study.yaml")
        self.recipe = yaml_io.read_yaml(folder / "recipe.yaml")
        self.study = open_study(self.sweep, folder)
        self.study.pruner = make_pruner(self.sweep.pruner)
        self.budget = Budget(
            trials=self.sweep.trials,
            failed=self.sweep.trials + len(failures(self.study.get_trials(deepcopy=False))),
            until=time.time() + self.sweep.seconds if self.sweep.seconds else math.inf,
        )
        # Inherited by the fork server and all trials.  More threads than cores can be ten times slower than one.
        os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = str(self.sweep.threads)

    def work(self) -> None:
        """Run trials until the budget is spent."""
        while not self.stop.is_set():
            with ExitStack() as lock:
                lock.enter_context(exclusive_lock(self.folder / "lock"))
                decision = self.budget.decide(self.study)
                if decision == "ask":
                    self._one_trial(lock)
            if decision == "stop":
                return
            if decision == "wait":
                with warnings.catch_warnings(action="ignore", category=optuna.exceptions.ExperimentalWarning):
                    optuna.storages.fail_stale_trials(self.study)
                self.stop.wait(PAUSE)

    def _one_trial(self, lock: ExitStack) -> None:
        """Ask for a trial, run it and report its result; release the lock once the trial's parameters are known."""
        number = len(self.study.get_trials(deepcopy=False))
        self.study.sampler = make_sampler(self.sweep.sampler, number)
        asked: list[optuna.Trial] = []
        is_stale = ran = False

        def objective(chosen: optuna.Trial) -> float:
            nonlocal is_stale, ran
            asked.append(chosen)
            overrides = suggest(chosen, self.sweep.space)
            lock.close()
            try:
                value = self._run(chosen, overrides)
                ran = True  # from here on only reporting can fail
                return value
            except trial.TrialFailed as failure:
                chosen.set_user_attr("failure", str(failure))
                chosen.set_user_attr("refused", isinstance(failure, trial.TrialRefused))
                raise
            finally:
                is_stale = self.study.get_trials(deepcopy=False)[chosen.number].state != TrialState.RUNNING

        try:
            # only `optimize` sends heartbeats, `ask` and `tell` do not
            self.study.optimize(objective, n_trials=1, catch=(trial.TrialFailed,))
        except trial.Interrupted:
            with warnings.catch_warnings(action="ignore", category=optuna.exceptions.ExperimentalWarning):
                self.study.enqueue_trial(asked[0].params)
        except Exception:
            # If this machine slept, another worker may have failed the trial and queued it again: nothing to report.
            if not is_stale and not (
                ran and self.study.get_trials(deepcopy=False)[asked[0].number].state == TrialState.FAIL
            ):
                raise

    def _run(self, chosen: optuna.Trial, overrides: dict[str, object]) -> float:
        """The objective after one run, or after one run per fold."""
        recipe, pruned = override(self.recipe, overrides), False
        if self.sweep.folds > 1:
            return self._run_folds(chosen, recipe)

        def should_continue(step: int, metrics: trial.Metrics) -> bool:
            nonlocal pruned
            if (metric := self.sweep.objective["metric"]) in metrics:
                chosen.report(metrics[metric], step)
                pruned = chosen.should_prune()
            return not pruned

        metrics = self._train(chosen.number, recipe, str(chosen.number), should_continue)
        if pruned:
            raise TrialPruned
        return self._objective(metrics)

    def _run_folds(self, chosen: optuna.Trial, recipe: Recipe) -> float:
        """The mean objective over the folds; after each fold the pruner sees the mean so far."""
        scores: list[float] = []
        for fold in range(self.sweep.folds):
            held_out = override(recipe, self.sweep.held_out(fold))
            metrics = self._train(chosen.number, held_out, f"{chosen.number}/fold-{fold}", lambda step, metrics: True)
            scores.append(self._objective(metrics))
            chosen.set_user_attr(cross_validation.SCORES, scores)
            chosen.report(fmean(scores), fold + 1)
            if fold + 1 < self.sweep.folds and chosen.should_prune():
                raise TrialPruned
        return fmean(scores)

    def _train(self, number: int, recipe: Recipe, name: str, should_continue: trial.ShouldContinue) -> trial.Metrics:
        """Run one training in trials/`name`."""
        job = trial.TrialJob(
            recipe=recipe,
            folder=self.folder / "trials" / name,
            study=self.sweep.study,
            log=self.folder / "logs" / f"trial-{number}.txt",
            train=self.train,
        )
        return trial.run_trial(job, should_continue, self.stop)

    def _objective(self, metrics: trial.Metrics) -> float:
        metric = self.sweep.objective["metric"]
        if metric not in metrics:
            raise trial.TrialFailed(f"objective.metric: {expected(metric, metrics)}")
        if math.isnan(metrics[metric]):
            raise trial.TrialFailed(f"{metric} is nan")
        return metrics[metric]


@contextmanager
def exclusive_lock(path: Path) -> Iterator[None]:
    """An exclusive file lock: without it, two workers could both start the last trial.

    The system releases the lock when the process ends, even if it is killed.
    """
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
