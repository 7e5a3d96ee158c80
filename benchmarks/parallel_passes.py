"""How close parallel scheduled sampling is to feeding back step by step, by its number of passes.

    python benchmarks/parallel_passes.py [--seeds 5]

The model of exposure_bias.py's pattern, half trained and fully, reads 160 sequences of 29 steps, half of them model
outputs.  Same weights, same draws: the share of steps at which it reads another symbol than step by step, and the
difference of its mean loss.  About a minute on two cores.
"""

import argparse
import statistics
from typing import Any

import pytorch_lightning as pl
import torch
from exposure_bias import Pattern

from experiment import QUIET, spread
from unrolled import compose
from unrolled.strategies import ClipNorm, ParallelScheduledSampling
from unrolled.strategies.feedback._choice import Feedback
from unrolled.tasks import LanguageModeling

PASSES = (1, 2, 3, 4, 6, 8, 29)


def work(job: tuple[int, int]) -> dict[int, tuple[float, float]]:
    """(share of symbols read otherwise, relative difference of the loss) by the number of passes."""
    batches, seed = job
    data = Pattern(batch_size=32, batches=batches, eval_batch_size=160, eval_batches=1)
    torch.manual_seed(seed)
    task: Any = compose(LanguageModeling, ClipNorm, ParallelScheduledSampling)(
        **data.sizes(),
        embedding_size=16,
        architecture={"class_path": "GRU", "init_args": {"hidden_size": 64}},
        optimizer={"class_path": "Adam", "init_args": {"lr": 3e-3}},
        max_norm=1.0,
    )
    pl.Trainer(**QUIET, max_epochs=1, limit_val_batches=0).fit(task, data)
    inputs, targets, _ = next(iter(data.test_dataloader()))
    truth = torch.rand(inputs.shape) < 0.5
    truth[:, : data.length] = True
    read: list[torch.Tensor] = []
    task.embedding.register_forward_hook(lambda _, given, __: read.append(given[0]))

    def reads(way: Any) -> tuple[torch.Tensor, float]:
        """The symbols of the last reading, and their mean loss."""
        hidden, _ = way(inputs, truth, task.initial_state(len(inputs)))
        total, count = task.measure(hidden, targets)
        return read[-1], float(total / count)

    found = {}
    with torch.no_grad():
        symbols, loss = reads(lambda *given: Feedback.read(task, *given))
        for passes in PASSES:
            task.passes = passes
            mine, measured = reads(task.read)
            found[passes] = float((mine != symbols).float().mean()), abs(measured / loss - 1)
    return found


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seeds", type=int, default=5)
    seeds = arguments.parse_args().seeds
    for batches in (400, 800):
        runs = spread(work, [(batches, seed) for seed in range(1, seeds + 1)])
        print(f"\n| {batches} batches, mean of {seeds} seeds | symbols read otherwise | loss off by |\n|---|---|---|")
        for passes in PASSES:
            share, off = (statistics.fmean(values) for values in zip(*(run[passes] for run in runs), strict=True))
            print(f"| {passes} passes | {share:.2%} | {off:.2%} |")


if __name__ == "__main__":
    main()
