"""Errors of a model that reads its outputs, by feedback strategy: a repeated pattern, and sunspots.

    python benchmarks/exposure_bias.py [--seeds 5]

Pattern: six different symbols of twelve, drawn for each sequence, repeat.  Each symbol determines the next, so that a
model that is trained on the truth need not track its position; after a wrong symbol it is out of step, which it has
never seen.  A model that is trained on its outputs must count.  Sunspots: the shipped recipe, 24 years ahead; one step
ahead the last year predicts most, 24 years ahead the cycle must be kept.

Prints the teacher-forced and the free-running error, means of the seeds with 95 % intervals, and draws
docs/figures/exposure_bias.svg.  Every arm gets the same batches.  About 15 minutes on two cores.
"""

import argparse
import statistics
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from experiment import QUIET, axes, interval, save, spread
from unrolled import compose
from unrolled.data import Sunspots
from unrolled.data.synthetic.synthetic_data import SyntheticData
from unrolled.functional.batch import IGNORE
from unrolled.strategies import (
    ClipNorm,
    FreeRunning,
    ParallelScheduledSampling,
    ProfessorForcing,
    ScheduledSampling,
    TeacherForcing,
)
from unrolled.tasks import Forecasting, LanguageModeling

ROUNDS = {"pattern": 800, "sunspots": 160}  # batches
Arm = tuple[type, dict[str, Any]]


def arms(task: str) -> dict[str, Arm]:
    """A feedback strategy and its arguments, by name."""
    falling = {"start": 1.0, "end": 0.5, "decay": "linear", "over": ROUNDS[task]}
    drawn = {
        "scheduled, sampled": (ScheduledSampling, {**falling, "fed_back": "sample"}),
        "professor forcing": (ProfessorForcing, {"weight": 0.1}),
    }
    numbers = {  # a point forecast has nothing to draw, and a gradient
        "scheduled, gradient through": (ScheduledSampling, {**falling, "gradient": True}),
        "professor forcing": (ProfessorForcing, {"weight": 0.1, "fed_back": "likeliest"}),
    }
    return {
        "teacher forcing": (TeacherForcing, {}),
        "coins of 1/2": (TeacherForcing, {"ratio": 0.5}),
        "scheduled, 1 to 1/2": (ScheduledSampling, falling),
        "parallel, 2 passes": (ParallelScheduledSampling, falling),
        "parallel, 4 passes": (ParallelScheduledSampling, {**falling, "passes": 4}),
        "free running": (FreeRunning, {}),
        **(drawn if task == "pattern" else numbers),
    }


class Pattern(SyntheticData):
    """Six different symbols, repeating; the first round cannot be predicted."""

    length, symbols, repeats = 6, 12, 5

    def draw(self, rows: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        circle = torch.rand(rows, self.symbols, generator=random).argsort(1)[:, : self.length]
        sequence = circle.repeat(1, self.repeats)
        targets = sequence[:, 1:].clone()
        targets[:, : self.length - 1] = IGNORE
        return sequence[:, :-1], targets

    def sizes(self) -> dict[str, Any]:
        return {"vocabulary_size": self.symbols, "level": "character"}


def pattern(arm: Arm, seed: int) -> tuple[float, float]:
    """The share of wrong symbols on test rows: teacher-forced, and free-running after the first round."""
    data = Pattern(batch_size=32, batches=ROUNDS["pattern"], eval_batches=5)
    torch.manual_seed(seed)
    task: Any = compose(LanguageModeling, ClipNorm, arm[0])(
        **data.sizes(),
        embedding_size=16,
        architecture={"class_path": "GRU", "init_args": {"hidden_size": 64}},
        optimizer={"class_path": "Adam", "init_args": {"lr": 3e-3}},
        max_norm=1.0,
        **arm[1],
    )
    task.prefix = data.length  # the first round is given, however the rest is read
    pl.Trainer(**QUIET, max_epochs=1, limit_val_batches=0).fit(task, data)
    task.eval()
    forced, free = [], []
    for inputs, targets, _ in data.test_dataloader():
        with torch.no_grad():
            read = task.choose(task.unroll(inputs, task.initial_state(len(inputs)))[0])
        alone = task.run_free(inputs[:, : data.length], inputs.shape[1] - data.length + 1)
        later = targets[:, data.length - 1 :]
        forced.append(float((read[:, data.length - 1 :] != later).float().mean()))
        free.append(float((alone != later).float().mean()))
    return statistics.fmean(forced), statistics.fmean(free)


def sunspots(arm: Arm, seed: int) -> tuple[float, float]:
    """Mean squared errors over the 24 years of each test origin: reading the truth, and alone."""
    data = Sunspots(horizon=24, context=33, batches=20)
    data.setup()
    epochs = ROUNDS["sunspots"] // data.batches
    falls = {"start_factor": 1.0, "end_factor": 0.02, "total_iters": epochs}
    torch.manual_seed(seed)
    task: Any = compose(Forecasting, ClipNorm, arm[0])(
        **data.sizes(),
        architecture={"class_path": "GRU", "init_args": {"hidden_size": 16}},
        optimizer={"class_path": "Adam", "init_args": {"lr": 1e-2}},
        lr_scheduler={"class_path": "LinearLR", "init_args": falls},
        max_norm=1.0,
        **arm[1],
    )
    trainer = pl.Trainer(**QUIET, max_epochs=epochs, limit_val_batches=0)
    trainer.fit(task, data)
    (found,) = trainer.test(task, data, verbose=False)
    return found["test/teacher_forced_mse"], found["test/free_running_mse"]


def work(job: tuple[str, str, int]) -> tuple[float, float]:
    task, name, seed = job
    return (pattern if task == "pattern" else sunspots)(arms(task)[name], seed)


def draw(found: dict[tuple[str, str], list[tuple[float, float]]]) -> None:
    figure, plots = axes(2, size=(11, 4.2))
    units = {"pattern": "share of wrong symbols", "sunspots": "mean squared error, 24 years"}
    for plot, (task, unit) in zip(plots, units.items(), strict=True):
        names = list(arms(task))[::-1]
        for place, name in enumerate(names):
            for offset, colour, column in ((0.12, "tab:blue", 1), (-0.12, "0.6", 0)):
                values = [run[column] for run in found[task, name]]
                mean, half = interval(values)
                plot.plot(values, [place + offset] * len(values), ".", color=colour, ms=4, alpha=0.5)
                label = ("reading the truth", "running alone")[column] if place == 0 else None
                plot.errorbar(mean, place + offset, xerr=half, fmt="o", color=colour, ms=4, capsize=3, label=label)
        plot.set_yticks(range(len(names)), names)
        plot.set(xlabel=unit, title=task)
        plot.set_xscale("log", nonpositive="clip")  # the arms differ by factors
    plots[0].legend(frameon=False)
    save(figure, "exposure_bias")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seeds", type=int, default=5)
    seeds = arguments.parse_args().seeds
    jobs = [(task, name, seed) for task in ROUNDS for name in arms(task) for seed in range(1, seeds + 1)]
    results = dict(zip(jobs, spread(work, jobs), strict=True))
    found = {(t, n): [results[t, n, s] for s in range(1, seeds + 1)] for t in ROUNDS for n in arms(t)}
    for task, unit in (("pattern", "wrong symbols"), ("sunspots", "mean squared error")):
        print(f"\n| {task}, {seeds} seeds, {unit} | reading the truth | running alone | ± (95 %) |\n|---|---|---|---|")
        for name in arms(task):
            forced, alone = (interval(values) for values in zip(*found[task, name], strict=True))
            print(f"| {name} | {forced[0]:.4f} ± {forced[1]:.4f} | {alone[0]:.4f} | {alone[1]:.4f} |")
    draw(found)


if __name__ == "__main__":
    main()
