"""Time of strategies on gradients or weights, relative to none: full training steps, alternating, one thread.

    python benchmarks/strategy_costs.py [--rounds 7]

An LSTM language model of 100 tokens, 16 sequences of 64 time steps, 1x64 and 1x256.  Medians of the rounds' ratios,
with the smallest and the largest; of processor time, which other work on the machine disturbs little.  Averaging has
begun; initial weights are set once and cost a step nothing.
"""

import argparse
import statistics
import time
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from torch.utils.data import DataLoader

from experiment import QUIET, hush
from unrolled import compose, strategies
from unrolled.functional.batch import SequenceBatch
from unrolled.strategies.averaging._shared import Averaging
from unrolled.tasks import LanguageModeling

ROWS, STEPS, BATCHES, TOKENS = 16, 64, 10, 100
WAYS: dict[str, dict[str, Any]] = {  # arguments with which each has something to do
    "none": {},
    "ClipNorm": {"max_norm": 0.01},
    "ClipValue": {"max_value": 0.001},
    "ClipPerLayer": {"max_norm": 0.005},
    "AdaptiveClip": {"clipping_factor": 0.01},
    "AutoClip": {"percentile": 10.0},
    "ClipStateGradient": {"max_state_gradient": 1e-4},
    "GradientNoise": {"eta": 1e-6},
    "SkipNonFinite": {"at_most": 3},
    "WeightPenalty": {"l2": 1e-4},
    "ActivationPenalty": {"alpha": 2.0, "beta": 1.0},
    "GradientPenalty": {"omega": 0.1},
    "ClipWeights": {"bound": 0.1},
    "MaxNorm": {"max_unit_norm": 0.5},
    "SpectralBound": {"max_stretch": 0.9},
    "ExponentialAveraging": {"average_decay": 0.999},
    "TriggeredAveraging": {"non_monotone": 5},
}


class Stopwatch(Callback):
    def on_train_batch_start(self, trainer: Any, task: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx == 0:
            self.began = time.process_time()

    def on_train_end(self, *_: Any) -> None:
        self.seconds = time.process_time() - self.began


def ready(name: str, units: int) -> tuple[LanguageModeling, DataLoader]:
    """A task with that strategy, and the batches of one measurement."""
    torch.manual_seed(0)
    task = compose(LanguageModeling, *([getattr(strategies, name)] if name != "none" else []))(
        vocabulary_size=TOKENS,
        embedding_size=units,
        architecture={"class_path": "LSTM", "init_args": {"hidden_size": units}},
        optimizer={"class_path": "Adam", "init_args": {"lr": 1e-3, "fused": True}},
        **WAYS[name],
    )
    if isinstance(task, Averaging):
        task.enter_average(1.0)
    tokens = torch.randint(TOKENS, (ROWS, STEPS + 1))
    batch = SequenceBatch(tokens[:, :-1], tokens[:, 1:], torch.zeros(ROWS, STEPS, dtype=torch.bool))
    return task, DataLoader([batch] * BATCHES, batch_size=None)


def seconds(task: LanguageModeling, batches: DataLoader) -> float:
    """Train on them; of one step."""
    watch = Stopwatch()
    pl.Trainer(**QUIET, max_epochs=1, callbacks=[watch]).fit(task, batches)
    return watch.seconds / BATCHES


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--units", type=int, nargs="+", default=[64, 256])
    chosen = arguments.parse_args()
    hush()
    rows: dict[str, list[str]] = {name: [] for name in WAYS}
    for units in chosen.units:
        tasks = {name: ready(name, units) for name in WAYS}
        measured: dict[str, list[float]] = {name: [] for name in WAYS}
        for turn in range(1 + chosen.rounds):
            for name, task in tasks.items():
                took = seconds(*task)
                if turn:  # the first one warms up
                    measured[name].append(took)
        for name, mine in measured.items():
            ratios = [one / plain for one, plain in zip(mine, measured["none"], strict=True)]
            spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
            rows[name].append(spread if name != "none" else f"{1e3 * statistics.median(mine):.1f} ms")
    print(f"\n| a step's time, of none's | {' | '.join(f'1x{units}' for units in chosen.units)} |")
    print("|---|" + "---|" * len(chosen.units))
    for name, cells in rows.items():
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
