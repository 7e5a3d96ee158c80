"""Time of a regularized recurrent cell, relative to the plain fused cell, one thread.

    python benchmarks/regularized_cells.py [--rounds 5]

Time: forward and backward of one layer on 16 sequences of 64 time steps, alternating within one process; the median of
the rounds' ratios.  Each call draws new masks, as each window of training does.
"""

import argparse
import os
import statistics
import time
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

from unrolled.architectures import GRU, LSTM, RNN
from unrolled.architectures.recurrent import Recurrent

ROWS, STEPS = 16, 64
WAYS: dict[str, dict[str, Any]] = {
    "plain": {},
    "weight drop": {"weight_drop": 0.5},
    "variational": {"variational_input": 0.3, "variational_output": 0.3},
    "zoneout": {"zoneout": 0.1},
    "layer norm": {"layer_norm": True},
}


def seconds(model: Recurrent, inputs: torch.Tensor) -> float:
    began = time.perf_counter()
    outputs, _ = model(inputs)
    outputs.sum().backward()
    return time.perf_counter() - began


def ratios(cell: type[Recurrent], units: int, rounds: int) -> tuple[float, dict[str, float]]:
    """Milliseconds of the plain cell, and of each way its median ratio to that."""
    torch.manual_seed(0)
    models = {name: cell(input_size=units, hidden_size=units, **way).train() for name, way in WAYS.items()}
    inputs = torch.randn(ROWS, STEPS, units)
    for model in models.values():
        seconds(model, inputs)
    measured: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(4 * rounds):
        for name, model in models.items():
            measured[name].append(seconds(model, inputs))
    plain = measured["plain"]
    return 1e3 * statistics.median(plain), {
        name: statistics.median(mine / one for mine, one in zip(found, plain, strict=True))
        for name, found in measured.items()
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5, help="of four calls each")
    chosen = arguments.parse_args()
    torch.set_num_threads(1)
    others = [name for name in WAYS if name != "plain"]
    print(f"\n| {ROWS} rows, {STEPS} steps | plain, ms | {' | '.join(others)} |\n|---|---|{'---|' * len(others)}")
    for cell in (LSTM, GRU, RNN):
        for units in (64, 256):
            plain, found = ratios(cell, units, chosen.rounds)
            cells = " | ".join(f"{found[name]:.2f}" for name in others)
            print(f"| {cell.__name__} 1x{units} | {plain:.1f} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
