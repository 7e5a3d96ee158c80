"""Temporal order with a tanh RNN: the effect of clipping, of Omega and of initial weights.

    python benchmarks/temporal_order.py [--lengths 50] [--steps 3000] [--seeds 1 2 3 4 5]

The target at the last of T steps: which two rare symbols occurred, and in which order (Hochreiter & Schmidhuber 1997,
task 6a).  50 units, SGD, batches of 20 sequences.  Solved: at most 1 % of 1,000 validation sequences wrong; chance is
75 %.  Prints how often and when, and draws docs/figures/temporal_order.svg.  Every arm gets the same batches and the
same budget.
"""

import argparse
from typing import Any

import torch

from experiment import axes, save, spread
from solving import EVERY, Run, curves, solve, table
from unrolled import compose
from unrolled.data import TemporalOrder
from unrolled.strategies import ClipNorm, GradientPenalty, OrthogonalInitialization
from unrolled.tasks import SequenceTagging

GOAL = 0.01  # share of wrong rows
RATE, NORM, OMEGA = 0.05, 1.0, 0.3  # of SGD; L2 norm of the gradient; nats per unit of Omega
ARMS: dict[str, tuple[tuple[type, ...], dict[str, Any]]] = {
    "nothing": ((), {}),
    "clipping": ((ClipNorm,), {"max_norm": NORM}),
    "clipping, Omega": ((ClipNorm, GradientPenalty), {"max_norm": NORM, "omega": OMEGA}),
    "clipping, orthogonal": ((ClipNorm, OrthogonalInitialization), {"max_norm": NORM}),
}


def work(job: tuple[int, str, int, int]) -> Run:
    length, name, seed, steps = job
    strategies, arguments = ARMS[name]
    data = TemporalOrder(length=length, batch_size=20, batches=EVERY, seed=seed)
    torch.manual_seed(seed)
    task = compose(SequenceTagging, *strategies)(
        **data.sizes(),
        architecture={"class_path": "RNN", "init_args": {"hidden_size": 50}},
        optimizer={"class_path": "SGD", "init_args": {"lr": RATE}},
        **arguments,
    )
    return solve(task, data, "val/error_rate", GOAL, steps)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--lengths", type=int, nargs="+", default=[50], help="time steps T")
    arguments.add_argument("--steps", type=int, default=3_000, help="optimizer steps of a run that does not solve it")
    arguments.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    chosen = arguments.parse_args()
    jobs = [(length, name, seed, chosen.steps) for length in chosen.lengths for name in ARMS for seed in chosen.seeds]
    results = dict(zip(jobs, spread(work, jobs), strict=True))
    figure, plots = axes(len(chosen.lengths), size=(5 * len(chosen.lengths), 4))
    for plot, length in zip([plots] if len(chosen.lengths) == 1 else plots, chosen.lengths, strict=True):
        found = {name: [results[length, name, seed, chosen.steps] for seed in chosen.seeds] for name in ARMS}
        table(f"T = {length}, {chosen.steps:,} steps at most", found)
        curves(plot, found, GOAL, title=f"T = {length}", ylabel="share of wrong rows")
    figure.axes[0].legend(frameon=False)
    save(figure, "temporal_order")


if __name__ == "__main__":
    main()
