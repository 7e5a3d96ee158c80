"""Time of the cells for series, relative to a GRU of as many units with the same inputs, one thread.

    python benchmarks/series_cells.py [--rounds 5]

Time: forward and backward of one layer on 16 sequences of 64 time steps, as in regularized_cells.py.  GRUD reads 8
values, their mask, their times and 8 others; RecurrentConv a ring of 24 positions with 3 features each; MultiInput has
a GRU of half the units on each half of 64 inputs.
"""

import argparse
import os
import statistics
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from regularized_cells import ROWS, STEPS, seconds

from unrolled.architectures import GRU, GRUD, MultiInput, RecurrentConv


def rivals(units: int) -> dict[str, tuple[Any, int]]:
    """A cell of so many units, and how many inputs it reads, by name."""
    half = {"features": 32, "cell": "GRU", "init_args": {"hidden_size": units // 2}}
    return {
        "GRUD": (GRUD(input_size=32, values=8, hidden_size=units), 32),
        "RecurrentConv": (RecurrentConv(input_size=72, positions=24, channels=units // 24), 72),
        "MultiInput": (MultiInput(input_size=64, branches=[half, half]), 64),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5, help="of four calls each")
    rounds = arguments.parse_args().rounds
    torch.set_num_threads(1)
    print(f"\n| {ROWS} rows, {STEPS} steps | GRU, ms | relative time | relative parameters |\n|---|---|---|---|")
    for units in (96, 192, 384):
        for name, (cell, features) in rivals(units).items():
            torch.manual_seed(0)
            plain, inputs = GRU(input_size=features, hidden_size=units), torch.randn(ROWS, STEPS, features)
            measured = [(seconds(plain, inputs), seconds(cell, inputs)) for _ in range(4 * rounds + 1)][1:]
            ratio = statistics.median(mine / one for one, mine in measured)
            alone = 1e3 * statistics.median(one for one, _ in measured)
            sizes = [sum(p.numel() for p in model.parameters()) for model in (cell, plain)]
            print(f"| {name} 1x{units} | {alone:.1f} | {ratio:.2f} | {sizes[0] / sizes[1]:.2f} |", flush=True)


if __name__ == "__main__":
    main()
