"""Policies for missing values: ETTh1's oil temperature with a part of it removed, 24 hours ahead.

    python benchmarks/missing_values.py [--seeds 3] [--batches 400]

10, 30 and 50 % of all hours are missing, one by one or in blocks of two days, in training, validation and test alike;
each policy reads the same series and predicts the same hours, those of the test that are not missing.  Prints mean
squared errors on the scale of the training part, means of the seeds with half the 95 % interval, and draws
docs/figures/missing_values.svg.  Needs ETTh1 in the data folder, or downloads it.
"""

import argparse
import math
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch

from experiment import QUIET, axes, interval, save, spread
from unrolled import compose
from unrolled.data import ETTh1
from unrolled.data.forecasting.series import Series
from unrolled.errors import InputError
from unrolled.strategies import ClipNorm, OwnImputation
from unrolled.tasks import DirectForecasting, Forecasting

SHARES, BLOCK, HIDDEN = (0.1, 0.3, 0.5), 48, 32  # blocks in hours
Settings = tuple[float, int]  # the share that is missing, and the hours of a block
SETTINGS: list[Settings] = [(share, block) for block in (1, BLOCK) for share in SHARES]
GRU = {"class_path": "GRU", "init_args": {"hidden_size": HIDDEN}}
WITH_MASK: dict[str, Any] = {"marks": True, "since": True}
DECAY = {"architecture": {"class_path": "GRUD", "init_args": {"hidden_size": HIDDEN, "values": 1}}}
ONE_STEP: dict[str, Any] = {"task": Forecasting}
# arm: arguments of the data, and how the task differs from a GRU that forecasts the horizon directly
ARMS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "forward fill": ({}, {}),
    "linear": ({"missing": "linear"}, {}),
    "mean": ({"missing": "mean"}, {}),
    "median": ({"missing": "median"}, {}),
    "mode": ({"missing": "mode"}, {}),
    "marker -3": ({"missing": "marker", "marker": -3.0}, {}),
    "drop": ({"missing": "drop"}, {}),
    "forward fill, marks and time since": (WITH_MASK, {}),
    "a third more hidden in training": ({**WITH_MASK, "hide_share": 0.3, "hide_over": 200}, {}),
    "GRU-D": (WITH_MASK, DECAY),
    "step by step, forward fill": (WITH_MASK, ONE_STEP),
    "step by step, own prediction": (WITH_MASK, {**ONE_STEP, "strategies": [OwnImputation]}),
}


class Thinned(ETTh1):
    """The oil temperature without a `share` of its hours, in blocks of `block`."""

    share, block = 0.0, 1

    def load(self) -> list[Series]:
        (whole,) = super().load()
        values = whole.values.copy()
        values[gone(len(values), self.share, self.block)] = np.nan
        return [whole._replace(values=values)]


def gone(length: int, share: float, block: int) -> Any:
    """(length,) bool: blocks at random places, until a share is missing; the same ones for everybody."""
    random, missing = np.random.default_rng(1), np.zeros(length, bool)
    for begin in random.permutation(length):
        if missing.mean() >= share:
            break
        missing[begin : begin + block] = True
    return missing


def data(settings: Settings, batches: int, seed: int, **arguments: Any) -> Thinned:
    made = Thinned(horizon=24, context=96, batch_size=64, batches=batches, eval_stride=4, seed=seed, **arguments)
    made.share, made.block = settings
    return made


def work(job: tuple[str, Settings, int, int]) -> float:
    """The mean squared error on the test hours; nan where a policy leaves nothing to train on."""
    name, settings, seed, batches = job
    arguments, given = ARMS[name]
    given = {"task": DirectForecasting, "strategies": [], "architecture": GRU} | given
    read = data(settings, batches, seed, **arguments)
    asked = data(settings, batches, seed, **{**arguments, "missing": "forward_fill"}) if name == "drop" else read
    try:
        read.setup()
    except InputError:
        if name != "drop":
            raise
        return float("nan")
    torch.manual_seed(seed)
    task: Any = compose(given["task"], ClipNorm, *given["strategies"])(
        **read.sizes(),
        architecture=given["architecture"],
        optimizer={"class_path": "Adam", "init_args": {"lr": 3e-3}},
        max_norm=1.0,
    )
    trainer = pl.Trainer(**QUIET, max_epochs=1, limit_val_batches=0)
    trainer.fit(task, read)
    (found,) = trainer.test(task, asked, verbose=False)
    return float(found[f"test/{task.metric}"])


def draw(found: dict[tuple[str, Settings], tuple[float, float]]) -> None:
    figure, plots = axes(2, size=(11, 4.6))
    for plot, block in zip(plots, (1, BLOCK), strict=True):
        for number, name in enumerate(ARMS):
            means, halves = zip(*(found[name, (share, block)] for share in SHARES), strict=True)
            x = [100 * share + 0.4 * (number - len(ARMS) / 2) for share in SHARES]
            plot.errorbar(x, means, yerr=halves, fmt="o-", ms=3, lw=1, capsize=2, color=f"C{number}", label=name)
        pattern = "single hours" if block == 1 else f"blocks of {block} hours"
        plot.set(title=f"{pattern} missing", xlabel="per cent missing", ylabel="mean squared error", yscale="log")
    plots[1].legend(frameon=False, fontsize=7, ncols=2)
    save(figure, "missing_values")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--batches", type=int, default=400)
    given = arguments.parse_args()
    ETTh1().prepare_data()
    jobs = [(n, s, seed, given.batches) for n in ARMS for s in SETTINGS for seed in range(1, given.seeds + 1)]
    results = dict(zip(jobs, spread(work, jobs), strict=True))
    runs = {
        (n, s): [results[n, s, d, given.batches] for d in range(1, given.seeds + 1)] for n in ARMS for s in SETTINGS
    }
    found = {key: interval(values) for key, values in runs.items()}
    heads = [f"{share:.0%} {'singly' if block == 1 else 'in blocks'}" for share, block in SETTINGS]
    print(f"| {given.seeds} seeds | {' | '.join(heads)} |\n|{'---|' * (len(SETTINGS) + 1)}")
    for name in ARMS:
        cells = [
            "no window left" if math.isnan(m) else f"{m:.4f} ± {h:.4f}" for m, h in (found[name, s] for s in SETTINGS)
        ]
        print(f"| {name} | {' | '.join(cells)} |")
    draw(found)


if __name__ == "__main__":
    main()
