"""Influence balancing: truncated BPTT with a short window diverges, ARTBP with windows as short converges.

    python benchmarks/influence_balancing.py [--steps 20000] [--seeds 5]

A chain of 23 units, 10 driven up by theta and 13 down; its first unit should be 1, and is at theta = -1/6 (Tallec &
Ollivier 2017).  Prints the loss after the last time step, and draws it over time to
docs/figures/influence_balancing.svg.  About a minute on two cores.

Equal terms: every arm reads the stream once, as one sequence with a carried state, and the loss 1/2 (s - 1)^2 of each
time step counts with a learning rate of 1e-4, as in the paper, where a window's loss is the sum of its steps' losses.
Here it is their mean squared error, without the 1/2, so SGD gets 1e-4 / 2 times the divisor of the sum: the window's
length, or for ARTBP its expected length.
"""

import argparse
import contextlib
import statistics
from typing import Any

import pytorch_lightning as pl
import torch

from experiment import QUIET, axes, save, spread
from unrolled import compose
from unrolled.data import InfluenceBalancing
from unrolled.strategies import ARTBP, CarriedState, TruncatedBPTT
from unrolled.tasks import SequenceRegression

RATE = 1e-4  # on the loss 1/2 (s - 1)^2 of one time step
EVERY = 100  # time steps between two points of the curves
LOST = 1e6  # a loss beyond which an arm is stopped
ARMS: dict[str, tuple[type, dict[str, Any], float]] = {  # strategy, its arguments, what the summed loss is divided by
    **{f"truncated BPTT, windows of {k}": (TruncatedBPTT, {"k1": k}, k) for k in (1, 10, 100, 200)},
    "ARTBP, windows of 16 on average": (ARTBP, {"expected_length": 16.0}, 16),
}


class Lost(Exception):
    """The arm has gone too far to come back."""


def train(job: tuple[str, int, int]) -> tuple[list[float], float]:
    """The mean loss 1/2 (s - 1)^2 of every `EVERY` time steps as far as the arm came, and its last theta."""
    arm, seed, steps = job
    strategy, arguments, divisor = ARMS[arm]
    data = InfluenceBalancing(length=steps, batch_size=1, batches=1)  # one batch: nothing is cut but by the strategy
    torch.manual_seed(seed)  # of theta's first value, and of ARTBP's coins
    task = compose(SequenceRegression, strategy, CarriedState)(
        **data.sizes(),
        architecture={"class_path": "InfluenceNetwork"},
        readout="identity",
        optimizer={"class_path": "SGD", "init_args": {"lr": RATE / 2 * divisor}},
        **arguments,
    )
    losses: list[float] = []

    def keep(_: Any, __: Any, first_unit: torch.Tensor) -> None:
        losses.extend(((first_unit.detach() - 1) ** 2 / 2).flatten().tolist())
        if not losses[-1] < LOST:
            raise Lost

    task.head.register_forward_hook(keep)
    with contextlib.suppress(Lost):
        pl.Trainer(**{**QUIET, "max_epochs": 1, "limit_val_batches": 0}).fit(task, data)
    curve = [statistics.fmean(losses[i : i + EVERY]) for i in range(0, len(losses), EVERY)]
    return curve, float(task.architecture.theta.detach())


def draw(curves: dict[str, list[list[float]]]) -> None:
    figure, plot = axes(size=(8, 4.5))
    for number, (arm, seeds) in enumerate(curves.items()):
        for seed, curve in enumerate(seeds):
            x = [EVERY * (i + 1) for i in range(len(curve))]
            plot.plot(x, curve, color=f"C{number}", lw=1, alpha=0.8, label=None if seed else arm)
    plot.set(yscale="log", ylim=(1e-12, 1e4), xlabel="time steps", ylabel="loss, 1/2 (s - 1)^2")
    plot.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1), ncol=2)
    save(figure, "influence_balancing")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--steps", type=int, default=20_000, help="time steps of the stream")
    arguments.add_argument("--seeds", type=int, default=5)
    chosen = arguments.parse_args()
    jobs = [(arm, seed, chosen.steps) for arm in ARMS for seed in range(1, chosen.seeds + 1)]
    found = dict(zip(jobs, spread(train, jobs), strict=True))
    print(f"| {chosen.steps:,} time steps, {chosen.seeds} seeds | loss at the end | theta | converged |")
    print("|---|---|---|---|")
    for arm in ARMS:
        runs = [run for (name, *_), run in found.items() if name == arm]
        ends = ", ".join(f"{curve[-1]:.1g}" for curve, _ in runs)
        if (last := max(len(curve) * EVERY for curve, _ in runs)) < chosen.steps:
            ends = f"past {LOST:.0e} by step {last:,}, and stopped"
        converged = sum(curve[-1] < 1e-3 for curve, _ in runs)
        thetas = ", ".join(f"{theta:.3g}" for _, theta in runs)
        print(f"| {arm} | {ends} | {thetas} | {converged} of {len(runs)} |")
    draw({arm: [curve for (name, *_), (curve, _) in found.items() if name == arm] for arm in ARMS})


if __name__ == "__main__":
    main()
