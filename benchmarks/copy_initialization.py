"""Copying over 100 time steps by weight initialization, compared with the best that is possible without memory.

    python benchmarks/copy_initialization.py [--steps 2000] [--seeds 1 2 3]

Five of eight symbols are read, then a hundred steps without any, then the targets are the five in order.  Without
memory the best is to guess them: 5 ln 8 / 110 = 0.0945 nats a step.  Solved: at most a tenth of that on 500 validation
sequences.  128 units, Adam, batches of 32, norm clipped to 1; every arm gets the same batches and the same budget.
Prints how often and when, and draws docs/figures/copy_initialization.svg.
"""

import argparse
from typing import Any

import torch

from experiment import axes, save, spread
from solving import EVERY, Run, curves, solve, table
from unrolled import compose
from unrolled.data import CopyMemory
from unrolled.strategies import ChronoInitialization, ClipNorm, ForgetBias, OrthogonalInitialization
from unrolled.tasks import SequenceTagging

DATA = CopyMemory(delay=100, length=5, batch_size=32, batches=EVERY, eval_batches=5)
WITHOUT_MEMORY = DATA.baselines("test")["memoryless"]
CHRONO = {"t_max": DATA.delay + 2 * DATA.length}  # time steps of a row
ARMS: dict[str, tuple[str, tuple[type, ...], dict[str, Any], float]] = {  # the last: Adam's learning rate
    "RNN, orthogonal": ("RNN", (OrthogonalInitialization,), {}, 1e-3),
    "GRU, as torch draws it": ("GRU", (), {}, 3e-3),
    "GRU, orthogonal": ("GRU", (OrthogonalInitialization,), {}, 3e-3),
    "GRU, chrono": ("GRU", (ChronoInitialization,), CHRONO, 3e-3),
    "LSTM, forget bias 1": ("LSTM", (ForgetBias,), {"forget_bias": 1.0}, 5e-3),
    "LSTM, chrono": ("LSTM", (ChronoInitialization,), CHRONO, 5e-3),
}


def work(job: tuple[str, int, int]) -> Run:
    name, seed, steps = job
    cell, strategies, arguments, rate = ARMS[name]
    DATA.seed = seed
    torch.manual_seed(seed)
    task = compose(SequenceTagging, ClipNorm, *strategies)(
        **DATA.sizes(),
        architecture={"class_path": cell, "init_args": {"hidden_size": 128}},
        optimizer={"class_path": "Adam", "init_args": {"lr": rate, "fused": True}},
        max_norm=1.0,
        **arguments,
    )
    return solve(task, DATA, "val/nats_per_target", WITHOUT_MEMORY / 10, steps)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--steps", type=int, default=2_000, help="optimizer steps of a run that does not solve it")
    arguments.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    chosen = arguments.parse_args()
    jobs = [(name, seed, chosen.steps) for name in ARMS for seed in chosen.seeds]
    results = dict(zip(jobs, spread(work, jobs), strict=True))
    found = {name: [results[name, seed, chosen.steps] for seed in chosen.seeds] for name in ARMS}
    table(f"copy, delay of {DATA.delay}, {chosen.steps:,} steps at most (without memory: {WITHOUT_MEMORY:.4f})", found)
    figure, plot = axes(size=(7, 4))
    curves(plot, found, WITHOUT_MEMORY / 10, ylabel="nats per step")
    plot.axhline(WITHOUT_MEMORY, color="0.5", lw=0.8, ls=":", label="without memory")
    plot.legend(frameon=False)
    save(figure, "copy_initialization")


if __name__ == "__main__":
    main()
