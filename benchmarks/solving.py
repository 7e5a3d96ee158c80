"""Shared by experiments that train until a task is solved: the run, its table, its curves."""

import contextlib
import time
from collections.abc import Iterable
from typing import Any, NamedTuple

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback
from scipy import stats

from experiment import QUIET, interval
from unrolled.data.synthetic.synthetic_data import SyntheticData
from unrolled.errors import RunFailed
from unrolled.tasks.base import SequenceTask

EVERY = 50  # optimizer steps between two validations


class Run(NamedTuple):
    """One arm, one seed."""

    errors: list[float]  # on the validation rows, every `EVERY` steps
    solved: bool  # the last of them is at the goal
    lost: bool  # a loss or a gradient that is no number stopped it
    seconds: float  # validation among them


class Goal(Callback):
    """Stop where `metric`, of validation rows that are never trained on, is at most `goal`."""

    def __init__(self, metric: str, goal: float) -> None:
        self.metric, self.goal, self.errors = metric, goal, list[float]()

    def on_validation_end(self, trainer: pl.Trainer, task: Any) -> None:
        self.errors.append(float(trainer.callback_metrics[self.metric]))
        trainer.should_stop = self.errors[-1] <= self.goal


def solve(task: SequenceTask, data: SyntheticData, metric: str, goal: float, steps: int) -> Run:
    """Train on `data`, whose epochs are of `EVERY` batches, until the goal is reached or `steps` batches are read."""
    reached, lost, began = Goal(metric, goal), True, time.perf_counter()
    with contextlib.suppress(RunFailed):
        pl.Trainer(**QUIET, max_epochs=steps // EVERY, callbacks=[reached]).fit(task, data)
        lost = False
    errors = reached.errors
    return Run(errors, bool(errors) and errors[-1] <= goal, lost, time.perf_counter() - began)


def mean_with_interval(values: Iterable[float], form: str) -> str:
    """Mean ± half of the 95 % interval; of one value that value, of none a dash."""
    values = [*values]
    if len(values) < 2:
        return format(values[0], form) if values else "-"
    mean, half = interval(values)
    return f"{mean:{form}} ± {half:{form}}"


def table(title: str, found: dict[str, list[Run]]) -> None:
    """Print how often each arm solved the task, with the 95 % interval of that rate (Clopper & Pearson), and when."""
    print(f"\n| {title} | solved | steps until then | error at the end | seconds |\n|---|---|---|---|---|")
    for name, runs in found.items():
        solved = [run for run in runs if run.solved]
        rate = stats.binomtest(len(solved), len(runs)).proportion_ci()
        stopped = sum(run.lost for run in runs)
        cells = [
            f"{len(solved)} of {len(runs)} ({100 * rate.low:.0f} to {100 * rate.high:.0f} %)",
            mean_with_interval([EVERY * len(run.errors) for run in solved], ",.0f"),
            mean_with_interval([run.errors[-1] for run in runs if run.errors and not run.lost], ".4f")
            + (f"; {stopped} stopped by a nan" if stopped else ""),
            mean_with_interval([run.seconds for run in runs], ".0f"),
        ]
        print(f"| {name} | {' | '.join(cells)} |")


def curves(plot: Any, found: dict[str, list[Run]], goal: float, **labels: Any) -> None:
    """Each run's error over the optimizer steps, a dot where it solved the task, a cross where a nan stopped it."""
    for number, (name, runs) in enumerate(found.items()):
        for seed, run in enumerate(runs):
            x = [EVERY * (i + 1) for i in range(len(run.errors))]
            y = [max(error, goal / 10) for error in run.errors]  # an error of 0 has no place on this axis
            plot.plot(x, y, color=f"C{number}", lw=0.9, alpha=0.7, label=None if seed else name)
            if y and (run.solved or run.lost):
                plot.plot(x[-1], y[-1], "o" if run.solved else "x", color=f"C{number}", ms=4)
    plot.axhline(goal, color="0.7", lw=0.8, ls="--")
    plot.set(yscale="log", xlabel="optimizer steps", **labels)
