"""Time and memory of back-propagation through time: full, checkpointed, truncated, and k1 < k2, one thread.

    python benchmarks/truncation.py [--rounds 5]

Time: the full training step of `unrolled` (forward, backward, clip, Adam), alternating within one process; the median
of the rounds, and of the rounds' ratios.  Memory: the peak above the level before the step, in a separate process for
each number (Linux).  An LSTM with 64 units reads 8 sequences of tokens among 32.
"""

import argparse
import logging
import os
import statistics
import subprocess
import sys
import time
import warnings
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import Callback
from torch.utils.data import DataLoader

from unrolled import compose
from unrolled.functional.batch import SequenceBatch
from unrolled.runs.training import allocator as memory
from unrolled.strategies import CheckpointedBPTT, TruncatedBPTT
from unrolled.tasks import LanguageModeling

ROWS, UNITS, VOCABULARY, WINDOW = 8, 64, 32, 100
LENGTHS = [500, 1_000, 4_000, 10_000]
WAYS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "full": ([], {}),
    "checkpointed": ([CheckpointedBPTT], {}),
    f"truncated, k1 = k2 = {WINDOW}": ([TruncatedBPTT], {"k1": WINDOW}),
}
K1 = 16
OVERLAPS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    f"k1 = {K1}, k2 = {K1 * n}, {past}": ([TruncatedBPTT], {"k1": K1, "k2": K1 * n, "past": past})
    for n in (1, 2, 4, 8)
    for past in (("kept", "recomputed") if n > 1 else ("kept",))
}


class Stopwatch(Callback):
    def on_train_batch_start(self, *_: Any) -> None:
        self.began = time.perf_counter()

    def on_train_batch_end(self, *_: Any) -> None:
        self.seconds = time.perf_counter() - self.began


def steps(way: tuple[list[Any], dict[str, Any]], length: int, units: int = UNITS) -> Any:
    """A function that trains on one batch of `length` time steps and returns the seconds that it took."""
    strategies, arguments = way
    torch.manual_seed(0)
    task = compose(LanguageModeling, *strategies)(
        vocabulary_size=VOCABULARY,
        embedding_size=units,
        architecture={"class_path": "LSTM", "init_args": {"hidden_size": units}},
        optimizer={"class_path": "Adam", "init_args": {"lr": 1e-3, "fused": True}},
        **arguments,
    )
    tokens = torch.randint(VOCABULARY, (ROWS, length + 1))
    fresh = torch.zeros(ROWS, length, dtype=torch.bool)
    loader = DataLoader([SequenceBatch(tokens[:, :-1], tokens[:, 1:], fresh)], batch_size=None)

    def step() -> float:
        watch = Stopwatch()
        trainer = pl.Trainer(
            max_steps=1, accelerator="cpu", logger=False, enable_checkpointing=False, enable_progress_bar=False,
            enable_model_summary=False, callbacks=[watch], num_sanity_val_steps=0,
        )  # fmt: skip
        trainer.fit(task, loader)
        return watch.seconds

    return step


def times(ways: dict[str, Any], length: int, rounds: int, units: int = UNITS) -> dict[str, list[float]]:
    """Seconds of every round by way, in turns."""
    ready = {name: steps(way, length, units) for name, way in ways.items()}
    for step in ready.values():
        step()
    measured: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, step in ready.items():
            measured[name].append(step())
    return measured


def peak(name: str, length: int) -> float:
    """MiB above the level before the step, in a separate process."""
    done = subprocess.run([sys.executable, __file__, "--peak", name, str(length)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return float(done.stdout)


def print_peak(name: str, length: int) -> None:
    steps(WAYS[name], 64)()  # all that is loaded only once
    step = steps(WAYS[name], length)
    with open("/proc/self/clear_refs", "w") as file:
        file.write("5")  # forget the highest mark
    before = _status("VmRSS")
    step()
    print((_status("VmHWM") - before) / 1024)


def _status(key: str) -> int:
    with open("/proc/self/status") as file:
        return int(next(line for line in file if line.startswith(key)).split()[1])


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--peak", nargs=2, metavar=("WAY", "LENGTH"), help=argparse.SUPPRESS)
    chosen = arguments.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    if chosen.peak:
        return print_peak(chosen.peak[0], int(chosen.peak[1]))
    memory.keep()
    print(f"\n| {ROWS} rows, {UNITS} units | time steps | microseconds per step | of full's | MiB | of full's |")
    print("|---|---|---|---|---|---|")
    for length in LENGTHS:
        measured = times(WAYS, length, chosen.rounds)
        peaks = {name: peak(name, length) for name in WAYS}
        for name, seconds in measured.items():
            ratio = statistics.median(mine / full for mine, full in zip(seconds, measured["full"], strict=True))
            each = 1e6 * statistics.median(seconds) / length
            share = peaks[name] / peaks["full"]
            print(f"| {name} | {length:,} | {each:.1f} | {ratio:.2f} | {peaks[name]:.0f} | {share:.3f} |", flush=True)
    print(f"\n| 200 units, {K1 * 32} time steps | of k1 = k2's time | (1 + 2 k2/k1) / 3 |\n|---|---|---|")
    measured = times(OVERLAPS, K1 * 32, chosen.rounds, 200)
    alone = measured[f"k1 = {K1}, k2 = {K1}, kept"]
    for (name, seconds), (_, arguments) in zip(measured.items(), OVERLAPS.values(), strict=True):
        ratio = statistics.median(mine / one for mine, one in zip(seconds, alone, strict=True))
        print(f"| {name} | {ratio:.2f} | {(1 + 2 * arguments['k2'] / K1) / 3:.2f} |")
    return None


if __name__ == "__main__":
    main()
