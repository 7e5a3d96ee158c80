"""A study from its sweep file to its best parameters; the same command again goes on where it stopped."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
from rich.console import Console

from unrolled.errors import InputError, RunFailed
from unrolled.tuning import cross_validation as folds
from unrolled.tuning import sweep_file
from unrolled.tuning.budget import failures, finished
from unrolled.tuning.study_folder import prepare
from unrolled.tuning.sweep_file import Sweep
from unrolled.tuning.trial_process import TRAIN
from unrolled.tuning.trial_table import best, view
from unrolled.tuning.worker_pool import Team, last_line, team

ROOT = Path("runs")
LOOK = 0.5  # seconds between two looks at the study


def launch(
    path: Path | str,
    *,
    workers: int | None = None,
    trials: int | None = None,
    overrides: Mapping[str, Any] | None = None,
    train: str = TRAIN,
) -> Path:
    """Run a study and return its folder, runs/<study>.

    Args:
        path: the sweep file.
        workers: processes side by side, in place of the file's.
        trials: trials to finish in all, in place of the file's.
        overrides: {dotted path: value} on top of the file's overrides of the recipe.
        train: `module:function` that a trial runs in its own process.

    Raises:
        InputError: the sweep file is wrong, or what it gives every trial, or the folder holds another study.
        RunFailed: the workers left before the study was done.
        SystemExit: 130 after Ctrl-C; no finished trial is lost.
    """
    sweep = sweep_file.read(path, overrides, workers=workers, trials=trials)
    folder = ROOT / sweep.study
    study = prepare(sweep, folder, str(path))
    failed_before = len(failures(study.get_trials(deepcopy=False)))
    console = Console(soft_wrap=True, highlight=False, markup=False)
    started = time.monotonic()
    try:
        with team(folder, sweep.workers, train) as crew:
            _watch(study, sweep, crew, console)
    except KeyboardInterrupt:
        done = finished(study.get_trials(deepcopy=False))
        console.print(f"stopped with {done} of {sweep.trials} trials finished; the same command goes on from there")
        raise SystemExit(130) from None
    timed_out = sweep.seconds is not None and time.monotonic() - started >= sweep.seconds
    if not timed_out:
        _refuse_unfinished(study, sweep, folder, crew, failed_before)
    console.print(summary(study, sweep, folder))
    return folder


def _watch(study: optuna.Study, sweep: Sweep, crew: Team, console: Console) -> None:
    """Show the trials until all workers have left."""
    with view(console, study, sweep.objective["metric"], list(sweep.space), sweep.trials) as screen:
        working = True
        while working:
            working = any(worker.poll() is None for worker in crew)
            screen.update(study.get_trials(deepcopy=False))
            time.sleep(LOOK if working else 0)


def _refuse_unfinished(study: optuna.Study, sweep: Sweep, folder: Path, crew: Team, failed_before: int) -> None:
    trials = study.get_trials(deepcopy=False)
    done = f"{finished(trials)} of {sweep.trials} trials of {folder} finished"
    if finished(trials) >= sweep.trials:
        return
    for index, worker in enumerate(crew):
        if worker.returncode != 0:
            raise RunFailed(f"{done}; worker {index} died: {last_line(folder, index)}; the same command goes on")
    wrong = failures(trials)[failed_before:]
    if not wrong:
        raise RunFailed(f"{done}; its workers were stopped from outside; the same command goes on")
    first = wrong[0]
    refused = not finished(trials) and all(trial.user_attrs.get("refused") for trial in wrong)
    raise (InputError if refused else RunFailed)(
        f"{done} and {len(wrong)} failed; trial {first.number}: {first.user_attrs['failure']}; "
        f"see {folder}/logs/trial-{first.number}.txt"
    )


def summary(study: optuna.Study, sweep: Sweep, folder: Path) -> str:
    """The table of folds, and the best parameters in a few lines that can be pasted behind `unrolled fit`."""
    trials = study.get_trials(deepcopy=False)
    top = best(study, trials)
    counts = f"{finished(trials)} trials" + (f", {len(wrong)} failed" if (wrong := failures(trials)) else "")
    if top is None:
        return f"{folder}: {counts}, none of them complete: the pruner stopped all or the time was too short"
    result = f"{sweep.objective['metric']} {top.value:.4f}"
    head = f"best of {counts}: trial {top.number} with {result}, {folder}/trials/{top.number}"
    lines = [head, *(f"  --{path} {chosen}" for path, chosen in top.params.items())]
    if sweep.folds > 1:
        minimize = sweep.objective["direction"] == "minimize"
        lines = [*folds.table(trials, list(sweep.space), sweep.folds, minimize), *lines]
    return "\n".join(lines)
