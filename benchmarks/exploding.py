"""A network whose gradient explodes, without clipping and with each kind: loss and gradient, step by step.

    python benchmarks/exploding.py [--steps 800] [--seeds 1 2 3 4 5]

A tanh RNN of 50 units learns temporal order at T = 50 by SGD at a rate of 0.1.  Its recurrent weight starts as 1.2
times an orthogonal one, which makes a gradient that flows through 50 steps up to 1.2^50 = 9,000 times as long.  Prints
how many seeds learned it, the loss of the last 100 steps, the largest gradient before clipping and how often it was
clipped, and draws docs/figures/exploding.svg: medians of 20 steps.  Every arm gets the same batches, the same initial
weights and the same learning rate; each limit was chosen on seed 100, which is none of the five.
"""

import argparse
import contextlib
import statistics
from typing import Any, NamedTuple

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback

from experiment import QUIET, axes, save, spread
from solving import mean_with_interval
from unrolled import compose
from unrolled.data import TemporalOrder
from unrolled.errors import RunFailed
from unrolled.strategies import AdaptiveClip, AutoClip, ClipNorm, ClipPerLayer, ClipValue, OrthogonalInitialization
from unrolled.tasks import SequenceTagging

RATE, GAIN = 0.1, 1.2  # of SGD; of the first weights
DRAWN, LAST = 20, 100  # steps of a point, and of the table's loss
LEARNED = 0.5  # nats, between chance (1.386) and a learned task
ARMS: dict[str, tuple[tuple[type, ...], dict[str, Any]]] = {
    "nothing": ((), {}),
    "ClipNorm": ((ClipNorm,), {"max_norm": 0.3}),
    "ClipValue": ((ClipValue,), {"max_value": 0.03}),
    "ClipPerLayer": ((ClipPerLayer,), {"max_norm": 0.3}),
    "AdaptiveClip": ((AdaptiveClip,), {"clipping_factor": 0.1}),
    "AutoClip": ((AutoClip,), {"percentile": 10.0}),
}


class Curve(NamedTuple):
    """One arm, one seed."""

    losses: list[float]  # of each optimizer step
    norms: list[float]  # of its gradient, before clipping
    clipped: list[float]  # the share of the steps that were, unless a nan stopped the run


class Watch(Callback):
    def __init__(self) -> None:
        self.curve = Curve([], [], [])

    def on_train_batch_end(self, trainer: Any, task: Any, *_: Any) -> None:
        self.curve.losses.append(float(task.loss))
        self.curve.norms.append(float(task.gradient_norm))

    def on_train_epoch_end(self, trainer: Any, task: Any) -> None:
        total, count = task.training_metrics.records.get("strategy/clipped_share", (torch.tensor(0.0), 1))
        self.curve.clipped.append(float(total) / count)


def work(job: tuple[str, int, int]) -> Curve:
    name, seed, steps = job
    strategies, arguments = ARMS[name]
    data = TemporalOrder(length=50, batch_size=32, batches=steps, seed=seed)
    torch.manual_seed(seed)
    task = compose(SequenceTagging, OrthogonalInitialization, *strategies)(
        **data.sizes(),
        architecture={"class_path": "RNN", "init_args": {"hidden_size": 50}},
        optimizer={"class_path": "SGD", "init_args": {"lr": RATE}},
        gain=GAIN,
        **arguments,
    )
    watch = Watch()
    with contextlib.suppress(RunFailed):  # a nan: the curve ends there
        pl.Trainer(**{**QUIET, "max_epochs": 1, "limit_val_batches": 0, "callbacks": [watch]}).fit(task, data)
    return watch.curve


def medians(values: list[float]) -> list[float]:
    return [statistics.median(values[i : i + DRAWN]) for i in range(0, len(values), DRAWN)]


def draw(found: dict[str, list[Curve]]) -> None:
    figure, plots = axes(2, size=(10, 4.2))
    for number, (name, runs) in enumerate(found.items()):
        for seed, run in enumerate(runs):
            for plot, values in zip(plots, (run.losses, run.norms), strict=True):
                y = medians(values)
                x = [DRAWN * (i + 1) for i in range(len(y))]
                plot.plot(x, y, color=f"C{number}", lw=0.8, alpha=0.7, label=None if seed else name)
    plots[0].set(yscale="log", xlabel="optimizer steps", ylabel="loss")
    plots[1].set(yscale="log", xlabel="optimizer steps", ylabel="norm of the gradient, before clipping")
    plots[0].legend(frameon=False)
    save(figure, "exploding")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--steps", type=int, default=800)
    arguments.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    chosen = arguments.parse_args()
    jobs = [(name, seed, chosen.steps) for name in ARMS for seed in chosen.seeds]
    results = dict(zip(jobs, spread(work, jobs), strict=True))
    found = {name: [results[name, seed, chosen.steps] for seed in chosen.seeds] for name in ARMS}
    print(f"| {chosen.steps:,} steps | learned | loss of the last {LAST} | largest gradient | steps clipped |")
    print("|---|---|---|---|---|")
    for name, runs in found.items():
        whole = [run for run in runs if len(run.losses) == chosen.steps]
        losses = [statistics.fmean(run.losses[-LAST:]) for run in whole]
        learned = f"{sum(loss < LEARNED for loss in losses)} of {len(runs)}"
        norm = max(max(run.norms) for run in runs if run.norms)
        clipped = mean_with_interval([share for run in runs for share in run.clipped], ".2f")
        print(f"| {name} | {learned} | {mean_with_interval(losses, '.4f')} | {norm:.3g} | {clipped} |")
    draw(found)


if __name__ == "__main__":
    main()
