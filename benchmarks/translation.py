"""Time of a decoder's training step, relative to fused teacher forcing without attention, and of decoding; one thread.

    python benchmarks/translation.py [--rounds 5]

Sentences of 12 words on both sides, 32 at once, 5,000 words, 128 units.  Alternating; prints medians.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

from unrolled.functional.translation import pair_batch
from unrolled.tasks import Translation

WORDS, UNITS, ROWS, STEPS = 5000, 128, 32, 12
WAYS: dict[str, dict[str, Any]] = {
    "no attention, fused": {"attention": "none", "input_feeding": False},
    "multiplicative, fused": {"attention": "multiplicative", "input_feeding": False},
    "additive, fused": {"attention": "additive", "input_feeding": False},
    "multiplicative, input feeding": {"attention": "multiplicative"},
    "additive, input feeding": {"attention": "additive"},
    "additive, coverage": {"attention": "additive", "coverage": True},
}


def make(**arguments: Any) -> Any:
    torch.manual_seed(0)
    architecture = {"class_path": "GRU", "init_args": {"hidden_size": UNITS}}
    sizes = {"source_vocabulary_size": WORDS, "vocabulary_size": WORDS, "embedding_size": UNITS}
    return Translation(architecture=architecture, **sizes, **arguments)


def learn(task: Any, batch: Any) -> None:
    """One forward and backward pass, as a training step does it."""
    with task.reading(task.read_source(batch.source, batch.source_lengths)):
        hidden, _ = task.predict(batch.inputs, task.initial_state(ROWS))
        total, count = task.measure(hidden, batch.targets)
    (total / count).backward()
    task.zero_grad()


def seconds(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    torch.set_num_threads(1)
    random = torch.Generator().manual_seed(0)
    batch = pair_batch(*(list(torch.randint(3, WORDS, (ROWS, STEPS), generator=random)) for _ in range(2)))
    tasks = {name: make(**arguments) for name, arguments in WAYS.items()}
    took: dict[str, list[float]] = {name: [] for name in tasks}
    for turn in range(rounds + 1):
        for name, task in tasks.items():
            spent = seconds(lambda task=task: learn(task, batch))  # type: ignore[misc]
            if turn:  # the first one warms up
                took[name].append(spent)
    fused = took["no attention, fused"]
    print(f"training, {ROWS} sentences of {STEPS} words:")
    for name, times in took.items():
        ratio = statistics.median(t / f for t, f in zip(times, fused, strict=True))
        print(f"  {name:30} {1000 * statistics.median(times):7.1f} ms a batch   {ratio:5.2f} x")
    task = tasks["additive, input feeding"].eval()
    print("translating:")
    for width in (1, 5):
        times = [
            seconds(lambda width=width: task.translate(batch.source, batch.source_lengths, width))  # type: ignore[misc]
            for _ in range(rounds)
        ]
        print(f"  beam {width}: {ROWS / statistics.median(times):7.1f} sentences/s, up to {2 * STEPS + 10} words each")


if __name__ == "__main__":
    main()
