"""The window that AdaptiveTruncation chooses, on copy memory with lags of 5, 10, 20 and 40 time steps.

    python benchmarks/adaptive_window.py [--batches 500] [--seeds 3]

Two symbols must be repeated L time steps after they were read, string after string in one stream; the blanks between
them have no target.  The runs of one seed start with the same weights for every L, and with windows of 250 time steps.
Prints the chosen windows, and draws them to docs/figures/adaptive_window.svg.  About three minutes on two cores.

The forget gates' biases are spread over time scales of 1 to 40 steps, for all L alike (Tallec & Ollivier 2018, "Can
recurrent neural networks warp time?"): with torch's initialization a network forgets too fast to learn the longest lag
at all, and a dependency that is not learned has no gradient.
"""

import argparse
import statistics
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from experiment import QUIET, axes, save, spread
from unrolled import compose
from unrolled.data import CopyMemory
from unrolled.functional.batch import IGNORE
from unrolled.strategies import AdaptiveTruncation, CarriedState, ClipNorm
from unrolled.tasks import SequenceTagging

LAGS, LENGTH, SYMBOLS, HIDDEN = (5, 10, 20, 40), 2, 4, 32
STEPS, LONGEST, EVERY = 250, 250, 25  # time steps of a batch; of the longest window; batches between measurements
TICKS = (5, 10, 20, 40, 80, 160)
LAST = 8  # measurements that the table and the right plot look at


class CopyStream(CopyMemory):
    """String after string, without a reset; only the symbols have targets."""

    def draw(self, rows: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
        strings = [super(CopyStream, self).draw(rows, random) for _ in range(STEPS // (self.delay + 2 * self.length))]
        inputs, targets = (torch.cat(parts, 1) for parts in zip(*strings, strict=True))
        return inputs, targets.masked_fill(targets == self.symbols, IGNORE)

    def resets(self, rows: int, length: int, index: int) -> Tensor:
        return super().resets(rows, length, index) if index == 0 else torch.zeros(rows, length, dtype=torch.bool)


class Trace(pl.Callback):
    """After every measurement: the window, and the mean loss since the previous one."""

    def __init__(self) -> None:
        self.windows: list[int] = []
        self.losses: list[float] = []

    def on_train_batch_end(self, trainer: Any, task: Any, *_: Any) -> None:
        if trainer.global_step % EVERY == 0:
            self.windows.append(int(task.chosen_window))
            self.losses.append(float(trainer.callback_metrics["train/loss"]))


def train(job: tuple[int, int, int]) -> tuple[list[int], list[float]]:
    """Windows and losses of one run, each every `EVERY` batches."""
    lag, seed, batches = job
    data = CopyStream(delay=lag - LENGTH, length=LENGTH, symbols=SYMBOLS, batch_size=32, batches=batches)
    torch.manual_seed(seed)
    task = compose(SequenceTagging, AdaptiveTruncation, CarriedState, ClipNorm)(
        **data.sizes(),
        architecture={"class_path": "LSTM", "init_args": {"hidden_size": HIDDEN}},
        optimizer={"class_path": "Adam", "init_args": {"lr": 1e-2}},
        tolerated_bias=0.2,
        shortest=1,
        longest=LONGEST,
        lags=120,
        estimate_every=EVERY,
        max_norm=1.0,
    )
    with torch.no_grad():
        cell: Any = task.architecture.cells[0]
        cell.bias_ih_l0.zero_()
        scales = torch.empty(HIDDEN).uniform_(1, max(LAGS) - 1).log()
        cell.bias_hh_l0.copy_(torch.cat([-scales, scales, torch.zeros(2 * HIDDEN)]))  # input, forget, cell, output
    trace = Trace()
    once = {**QUIET, "max_epochs": 1, "limit_val_batches": 0, "log_every_n_steps": EVERY}
    pl.Trainer(**once, callbacks=[trace]).fit(task, data)
    return trace.windows, trace.losses


def draw(found: dict[tuple[int, int], list[int]]) -> None:
    figure, (left, right) = axes(2)
    for number, lag in enumerate(LAGS):
        runs = [windows for (each, _), windows in found.items() if each == lag]
        x = [EVERY * (i + 1) for i in range(len(runs[0]))]
        middle = [statistics.median(step) for step in zip(*runs, strict=True)]
        left.plot(x, middle, color=f"C{number}", label=f"L = {lag}")
        ends = [statistics.median(windows[-LAST:]) for windows in runs]
        right.plot([lag] * len(ends), ends, "o", color=f"C{number}", ms=5)
    left.set(yscale="log", xlabel="batches", ylabel="chosen window, time steps (median of the seeds)")
    left.set_yticks(TICKS, [str(tick) for tick in TICKS])
    left.minorticks_off()
    left.legend(frameon=False)
    right.plot(LAGS, LAGS, color="0.7", lw=1, label="window = L")
    right.set(xscale="log", yscale="log", xlabel="lag L, time steps", ylabel=f"window, median of {LAST} choices")
    right.set_xticks(LAGS, [str(lag) for lag in LAGS])
    right.set_yticks(TICKS[:-1], [str(tick) for tick in TICKS[:-1]])
    right.minorticks_off()
    right.legend(frameon=False)
    save(figure, "adaptive_window")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--batches", type=int, default=500)
    arguments.add_argument("--seeds", type=int, default=3)
    chosen = arguments.parse_args()
    jobs = [(lag, seed, chosen.batches) for lag in LAGS for seed in range(1, chosen.seeds + 1)]
    found = {job[:2]: run for job, run in zip(jobs, spread(train, jobs), strict=True)}
    print(f"| lag L | window by seed, median of the last {LAST} choices | smallest to largest | nats per symbol |")
    print("|---|---|---|---|")
    for lag in LAGS:
        runs = [run for (each, _), run in found.items() if each == lag]
        medians = ", ".join(f"{statistics.median(windows[-LAST:]):g}" for windows, _ in runs)
        last = [window for windows, _ in runs for window in windows[-LAST:]]
        losses = ", ".join(f"{losses[-1]:.2g}" for _, losses in runs)
        print(f"| {lag} | {medians} | {min(last)} to {max(last)} | {losses} |")
    draw({key: windows for key, (windows, _) in found.items()})


if __name__ == "__main__":
    main()
