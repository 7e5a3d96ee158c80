"""Launch a study from a sweep file, or resume it, and print its best parameters."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
from rich.console import Console

from unrolled.errors import InputError, RunFailed
from unrolled.tuning import cross_validation, sweep_file
from unrolled.tuning.budget import count_finished, failures
from unrolled.tuning.study_folder import prepare_study
from unrolled.tuning.sweep_file import Sweep
from unrolled.tuning.trial_process import TRAIN
from unrolled.tuning.trial_table import best, open_view
from unrolled.tuning.worker_pool import Workers, last_line, worker_pool

ROOT = Path("runs")
POLL = 0.5  # seconds between polls of the study


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
        workers: number of worker processes, instead of the file's.
        trials: total number of trials to finish, instead of the file's.
        overrides: {dotted path: value}, applied after the file's overrides of the recipe.
        train: `module:function` that runs a trial.

    Raises:
        InputError: the sweep file or its overrides are wrong, or the folder has another study.
        RunFailed: the workers ended before the study was finished.
        SystemExit: 130 after Ctrl-C; no finished trial is lost.
    """
    sweep = sweep_file.read_sweep(path, overrides, workers=workers, trials=trials)
    folder = ROOT / sweep.study
    study = prepare_study(sweep, folder, str(path))
    failed_before = len(failures(study.get_trials(deepcopy=False)))
    console = Console(soft_wrap=True, highlight=False, markup=False)
    started = time.monotonic()
    try:
        with worker_pool(folder, sweep.workers, train) as pool:
            _watch(study, sweep, pool, console)
    except KeyboardInterrupt:
        done = count_finished(study.get_trials(deepcopy=False))
        console.print(f"stopped with {done} of {sweep.trials} trials finished; repeat the command to resume")
        raise SystemExit(130) from None
    timed_out = sweep.seconds is not None and time.monotonic() - started >= sweep.seconds
    if not timed_out:
        _refuse_unfinished(study, sweep, folder, pool, failed_before)
    console.print(summary(study, sweep, folder))
    return folder


def _watch(study: optuna.Study, sweep: Sweep, workers: Workers, console: Console) -> None:
    """Show the trials until all workers have ended."""
    with open_view(console, study, sweep.objective["metric"], list(sweep.space), sweep.trials) as screen:
        working = True
        while working:
            working = any(worker.poll() is None for worker in workers)
            screen.update(study.get_trials(deepcopy=False))
            time.sleep(POLL if working else 0)


def _refuse_unfinished(study: optuna.Study, sweep: Sweep, folder: Path, workers: Workers, failed_before: int) -> None:
    trials = study.get_trials(deepcopy=False)
    done = f"{count_finished(trials)} of {sweep.trials} trials of {folder} finished"
    if count_finished(trials) >= sweep.trials:
        return
    for index, worker in enumerate(workers):
        if worker.returncode != 0:
            raise RunFailed(f"{done}; worker {index} died: {last_line(folder, index)}; repeat the command to resume")
    wrong = failures(trials)[failed_before:]
    if not wrong:
        raise RunFailed(f"{done}; its workers were stopped externally; repeat the command to resume")
    first = wrong[0]
    refused = not count_finished(trials) and all(trial.user_attrs.get("refused") for trial in wrong)
    raise (InputError if refused else RunFailed)(
        f"{done} and {len(wrong)} failed; trial {first.number}: {first.user_attrs['failure']}; "
        f"see {folder}/logs/trial-{first.number}.txt"
    )


def summary(study: optuna.Study, sweep: Sweep, folder: Path) -> str:
    """The table of folds, and the best parameters as arguments for `unrolled fit`."""
    trials = study.get_trials(deepcopy=False)
    top = best(study, trials)
    counts = f"{count_finished(trials)} trials" + (f", {len(wrong)} failed" if (wrong := failures(trials)) else "")
    if top is None:
        return f"{folder}: {counts}, none of them complete: the pruner stopped all, or the time limit is too short"
    result = f"{sweep.objective['metric']} {top.value:.4f}"
    head = f"best of {counts}: trial {top.number} with {result}, {folder}/trials/{top.number}"
    lines = [head, *(f"  --{path} {chosen}" for path, chosen in top.params.items())]
    if sweep.folds > 1:
        minimize = sweep.objective["direction"] == "minimize"
        lines = [*cross_validation.fold_table(trials, list(sweep.space), sweep.folds, minimize), *lines]
    return "\n".join(lines)
