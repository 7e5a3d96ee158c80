"""Error of each hour ahead, teacher-forced and free-running, by feedback strategy: ETTh1, 24 hours.

    python benchmarks/forecast_exposure.py [--seeds 3] [--batches 400]

A one-step validation would rate any of these models good; what counts in use is the free run.  Prints mean squared
errors on the scale of the training part, 1, 6, 12 and 24 hours ahead and over all of them, and draws
docs/figures/forecast_exposure.svg.  Every arm gets the same windows.  The direct model is trained on the full horizon
at once and feeds nothing back.  Needs ETTh1 in the data folder, or downloads it.
"""

import argparse
import math
import statistics
from typing import Any

import pytorch_lightning as pl
import torch

from experiment import QUIET, axes, interval, save, spread
from unrolled import compose
from unrolled.data import ETTh1
from unrolled.strategies import (
    ClipNorm,
    FreeRunning,
    ParallelScheduledSampling,
    ScheduledSampling,
    TeacherForcing,
)
from unrolled.tasks import DirectForecasting, Forecasting

HORIZON, SHOWN = 24, (1, 6, 12, 24)  # hours
Steps = list[dict[str, float]]  # of each hour ahead, its errors by name


def arms(batches: int) -> dict[str, tuple[type, list[type], dict[str, Any]]]:
    """Task, strategies and arguments, by name."""
    falling = {"start": 1.0, "end": 0.0, "decay": "linear", "over": batches}
    return {
        "teacher forcing": (Forecasting, [TeacherForcing], {}),
        "coins of 1/2": (Forecasting, [TeacherForcing], {"ratio": 0.5}),
        "scheduled, 1 to 0": (Forecasting, [ScheduledSampling], falling),
        "scheduled, gradient through": (Forecasting, [ScheduledSampling], {**falling, "gradient": True}),
        "parallel, 2 passes": (Forecasting, [ParallelScheduledSampling], falling),
        "free running": (Forecasting, [FreeRunning], {}),
        "free running, gradient through": (Forecasting, [FreeRunning], {"gradient": True}),
        "direct": (DirectForecasting, [], {}),
    }


def make_data(batches: int, seed: int) -> ETTh1:
    return ETTh1(horizon=HORIZON, context=96, batch_size=32, batches=batches, eval_stride=4, seed=seed)


def work(job: tuple[str, int, int]) -> Steps:
    name, seed, batches = job
    made, strategies, arguments = arms(batches)[name]
    data = make_data(batches, seed)
    data.setup()
    torch.manual_seed(seed)
    task: Any = compose(made, ClipNorm, *strategies)(
        **data.sizes(),
        architecture={"class_path": "GRU", "init_args": {"hidden_size": 32}},
        optimizer={"class_path": "Adam", "init_args": {"lr": 3e-3}},
        max_norm=1.0,
        **arguments,
    )
    trainer = pl.Trainer(**QUIET, max_epochs=1, limit_val_batches=0)
    trainer.fit(task, data)
    trainer.test(task, data, verbose=False)
    return [
        {"free": step.get("free_running_mse", step.get("mse")), "forced": step.get("teacher_forced_mse", float("nan"))}
        for step in task.findings(data, "test")["by_horizon"]
    ]


def mean(runs: list[Steps], kind: str, hours: list[int]) -> tuple[float, float]:
    """Over the seeds, of the mean over some hours ahead."""
    values = [statistics.fmean(steps[hour - 1][kind] for hour in hours) for steps in runs]
    return (math.nan, math.nan) if math.isnan(values[0]) else interval(values)


def draw(found: dict[str, list[Steps]], baselines: dict[str, list[float]]) -> None:
    figure, plots = axes(2, size=(11, 4.4))
    hours = range(1, HORIZON + 1)
    for number, (name, runs) in enumerate(found.items()):
        for plot, kind in zip(plots, ("forced", "free"), strict=True):
            line = [mean(runs, kind, [hour])[0] for hour in hours]
            plot.plot(hours, line, color=f"C{number}", lw=1.2, label=name)
    for style, (name, errors) in zip((":", "--", "-."), baselines.items(), strict=False):
        plots[1].plot(hours, errors, color="0.5", ls=style, lw=1, label=name)
    for plot, title in zip(plots, ("reading the truth", "running alone"), strict=True):
        plot.set(title=title, xlabel="hours ahead", yscale="log")
    plots[0].set_ylabel("mean squared error")
    plots[1].legend(frameon=False, fontsize=7, ncols=2)
    save(figure, "forecast_exposure")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--batches", type=int, default=400)
    given = arguments.parse_args()
    data = make_data(given.batches, 1)
    data.prepare_data()
    data.setup()
    jobs = [(name, seed, given.batches) for name in arms(given.batches) for seed in range(1, given.seeds + 1)]
    results = dict(zip(jobs, spread(work, jobs), strict=True))
    found = {n: [results[n, s, given.batches] for s in range(1, given.seeds + 1)] for n in arms(given.batches)}
    baselines = {name: errors["by_horizon"] for name, errors in data.baseline_errors("test").items()}
    everything = [*range(1, HORIZON + 1)]
    heads = [f"{hour} ahead" for hour in SHOWN]
    print(f"| {given.seeds} seeds | truth, all hours | alone, all hours | {' | '.join(heads)} |\n|{'---|' * 7}")
    for name, runs in found.items():
        cells = [mean(runs, kind, everything) for kind in ("forced", "free")]
        cells += [mean(runs, "free", [hour]) for hour in SHOWN]
        print(f"| {name} | {' | '.join('-' if m != m else f'{m:.4f} ± {h:.4f}' for m, h in cells)} |")
    for name, errors in baselines.items():
        row = [statistics.fmean(errors), *(errors[hour - 1] for hour in SHOWN)]
        print(f"| {name} | - | {' | '.join(f'{value:.4f}' for value in row)} |")
    draw(found, baselines)


if __name__ == "__main__":
    main()
