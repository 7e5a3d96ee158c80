"""Time of feedback strategies relative to fused teacher forcing: full training steps, alternating, one thread.

    python benchmarks/feedback.py [--rounds 5]

An LSTM language model reads 16 sequences of 35 time steps, small (64 units, 100 tokens) and bound by its output layer
(256 units, 2,000 tokens).  Medians of the rounds' ratios.
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
from unrolled import compose
from unrolled.functional.batch import SequenceBatch
from unrolled.strategies import FreeRunning, ParallelScheduledSampling, ProfessorForcing, TeacherForcing
from unrolled.tasks import LanguageModeling

ROWS, STEPS, BATCHES = 16, 35, 10
SIZES = {"64 units, 100 tokens": (64, 100), "256 units, 2,000 tokens": (256, 2_000)}
HALF = {"start": 0.5, "end": 0.5, "decay": "constant"}
WAYS: dict[str, tuple[type | None, dict[str, Any]]] = {
    "teacher forcing": (None, {}),
    "coins of 1/2, per token": (TeacherForcing, {"ratio": 0.5}),
    "coins of 1/2, sampled": (TeacherForcing, {"ratio": 0.5, "fed_back": "sample"}),
    "coins of 1/2, gradient through": (TeacherForcing, {"ratio": 0.5, "fed_back": "expected", "gradient": True}),
    "free running": (FreeRunning, {}),
    "free running, the last 10 steps": (FreeRunning, {"longest_stretch": 10}),
    "parallel, 2 passes": (ParallelScheduledSampling, HALF),
    "parallel, 4 passes": (ParallelScheduledSampling, {**HALF, "passes": 4}),
    "professor forcing": (ProfessorForcing, {"weight": 0.1}),
}


class Stopwatch(Callback):
    def on_train_batch_start(self, trainer: Any, task: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx == 0:
            self.began = time.perf_counter()

    def on_train_end(self, *_: Any) -> None:
        self.seconds = time.perf_counter() - self.began


def steps(strategy: type | None, arguments: dict[str, Any], units: int, vocabulary: int) -> Any:
    """A function that trains on BATCHES batches and returns the seconds of one."""
    torch.manual_seed(0)
    task = compose(LanguageModeling, *([strategy] if strategy else []))(
        vocabulary_size=vocabulary,
        embedding_size=units,
        architecture={"class_path": "LSTM", "init_args": {"hidden_size": units}},
        optimizer={"class_path": "Adam", "init_args": {"lr": 1e-3, "fused": True}},
        **arguments,
    )
    tokens = torch.randint(vocabulary, (ROWS, STEPS + 1))
    batch = SequenceBatch(tokens[:, :-1], tokens[:, 1:], torch.zeros(ROWS, STEPS, dtype=torch.bool))
    loader = DataLoader([batch] * BATCHES, batch_size=None)

    def step() -> float:
        watch = Stopwatch()
        pl.Trainer(**QUIET, max_epochs=1, callbacks=[watch]).fit(task, loader)
        return watch.seconds / BATCHES

    return step


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5)
    rounds = arguments.parse_args().rounds
    hush()
    for size, (units, vocabulary) in SIZES.items():
        ready = {name: steps(*way, units, vocabulary) for name, way in WAYS.items()}
        for step in ready.values():
            step()
        seconds: dict[str, list[float]] = {name: [] for name in WAYS}
        for _ in range(rounds):
            for name, step in ready.items():
                seconds[name].append(step())
        print(f"\n| {size} | ms per step | of teacher forcing's (smallest to largest) |\n|---|---|---|")
        for name, measured in seconds.items():
            ratios = [mine / fused for mine, fused in zip(measured, seconds["teacher forcing"], strict=True)]
            spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
            print(f"| {name} | {1e3 * statistics.median(measured):.1f} | {spread} |", flush=True)
        pairs = zip(seconds["coins of 1/2, per token"], seconds["parallel, 2 passes"], strict=True)
        faster = statistics.median(one / other for one, other in pairs)
        print(f"\nParallel, 2 passes: {faster:.2f} times faster than coins step by step.")


if __name__ == "__main__":
    main()
