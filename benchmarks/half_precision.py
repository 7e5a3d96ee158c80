"""Time of bfloat16 in a recurrent layer on this CPU, relative to float32, one thread.

    python benchmarks/half_precision.py [--rounds 5]
    ONEDNN_MAX_CPU_ISA=AVX2 ATEN_CPU_CAPABILITY=avx2 python benchmarks/half_precision.py    # without AVX-512

Process time of forward and backward of one layer on 16 sequences of 64 time steps, alternating within one process; the
median of the rounds' ratios.  "torch" is torch's layer with bfloat16 weights, "unrolled" ours with float32 weights
under bfloat16 autocast.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from torch import Tensor, nn

from unrolled.architectures import GRU, LSTM, RNN, fused_call
from unrolled.architectures.recurrent import Recurrent

ROWS, STEPS = 16, 64


def seconds(run: Callable[[], Tensor]) -> float:
    began = time.process_time()
    run().float().sum().backward()
    return time.process_time() - began


def ratios(ours: type[Recurrent], units: int, rounds: int) -> list[float]:
    """Milliseconds of float32, then the ratios of torch's bfloat16 and of ours to it."""
    torch.manual_seed(0)
    model = ours(input_size=units, hidden_size=units).train()
    theirs: nn.RNNBase = getattr(nn, ours.__name__)(units, units, batch_first=True).bfloat16()
    inputs = torch.randn(ROWS, STEPS, units)

    def autocast() -> Tensor:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return model(inputs)[0]

    ways: list[Callable[[], Tensor]] = [lambda: model(inputs)[0], lambda: theirs(inputs.bfloat16())[0], autocast]
    for way in ways:
        seconds(way)
    measured = [[seconds(way) for way in ways] for _ in range(4 * rounds)]
    wide = statistics.median(row[0] for row in measured)
    return [1e3 * wide, *(statistics.median(row[k] / row[0] for row in measured) for k in (1, 2))]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5, help="of four calls each")
    chosen = arguments.parse_args()
    torch.set_num_threads(1)
    kernel = fused_call.has_kernel(torch.bfloat16, 64, 64)
    units = f"{torch.backends.cpu.get_cpu_capability()}, {'with' if kernel else 'without'} a bfloat16 kernel"
    print(f"\n| {units} | float32, ms | torch, bfloat16 | unrolled, bf16-mixed |\n|---|---|---|---|")
    for cell in (LSTM, GRU, RNN):
        for size in (64, 256):
            wide, theirs, ours = ratios(cell, size, chosen.rounds)
            print(f"| {cell.__name__} 1x{size} | {wide:.1f} | {theirs:.2f} | {ours:.2f} |", flush=True)


if __name__ == "__main__":
    main()
