"""Forget gates that start at 1, or spread over the time to remember (chrono): adding and copying with an LSTM.

    python benchmarks/chrono.py [--adding 1500] [--copy 3000] [--seeds 1 2 3 4 5]

Adding: two of 200 numbers are marked, the target at the last step is their sum; always predicting 1 has a mean squared
error of 0.167.  Solved: at most 0.01 on 500 validation sequences.  Copy: symbols are repeated after a delay; without
memory the best is to guess them.  Solved: at most a tenth of the loss of guessing.  `t_max` is the length of a
sequence.  Prints how often and when, and draws docs/figures/chrono_adding.svg and chrono_copy.svg.  Every arm gets the
same batches and the same budget.
"""

import argparse
from typing import Any

import torch

from experiment import axes, save, spread
from solving import EVERY, Run, curves, solve, table
from unrolled import compose
from unrolled.data import AddingProblem, CopyMemory
from unrolled.strategies import ChronoInitialization, ClipNorm, ForgetBias
from unrolled.tasks import SequenceRegression, SequenceTagging

ADDING: dict[str, Any] = {"length": 200}
COPY: dict[str, Any] = {"delay": 20, "length": 5}  # T = 30: at 100 neither learns anything in minutes
TASKS: dict[str, tuple[str, type, type, dict[str, Any], int, str, float, float]] = {
    # title, task, data, its arguments, t_max, metric, goal, Adam's learning rate
    "adding": ("adding, T = 200", SequenceRegression, AddingProblem, ADDING, 200, "val/mse", 0.01, 1e-2),
    "copy": ("copy, delay of 20", SequenceTagging, CopyMemory, COPY, 30, "val/nats_per_target", 0.035, 1e-2),
}
ARMS = ("forget bias 1", "chrono")


def work(job: tuple[str, str, int, int]) -> Run:
    kind, name, seed, steps = job
    _, cls, source, sizes, t_max, metric, goal, rate = TASKS[kind]
    strategies, arguments = {
        "forget bias 1": ((ForgetBias,), {"forget_bias": 1.0}),
        "chrono": ((ChronoInitialization,), {"t_max": t_max}),
    }[name]
    data = source(**sizes, batch_size=32, batches=EVERY, eval_batches=5, seed=seed)
    torch.manual_seed(seed)
    task = compose(cls, ClipNorm, *strategies)(
        **data.sizes(),
        architecture={"class_path": "LSTM", "init_args": {"hidden_size": 64}},
        optimizer={"class_path": "Adam", "init_args": {"lr": rate, "fused": True}},
        max_norm=1.0,
        **arguments,
    )
    return solve(task, data, metric, goal, steps)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for kind, steps in {"adding": 1_500, "copy": 3_000}.items():
        arguments.add_argument(f"--{kind}", type=int, default=steps, help="optimizer steps of a run; 0 leaves it out")
    arguments.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    chosen = arguments.parse_args()
    budgets = {kind: getattr(chosen, kind) for kind in TASKS if getattr(chosen, kind)}
    jobs = [(kind, name, seed, steps) for kind, steps in budgets.items() for name in ARMS for seed in chosen.seeds]
    results = dict(zip(jobs, spread(work, jobs), strict=True))
    for kind, steps in budgets.items():
        title, *_, goal, _ = TASKS[kind]
        found = {name: [results[kind, name, seed, steps] for seed in chosen.seeds] for name in ARMS}
        table(f"{title}, {steps:,} steps at most", found)
        figure, plot = axes(size=(5, 4))
        unit = "mean squared error" if kind == "adding" else "nats per step"
        curves(plot, found, goal, title=title, ylabel=unit)
        plot.legend(frameon=False)
        save(figure, f"chrono_{kind}")


if __name__ == "__main__":
    main()
