"""Tokens per second of `unrolled fit` and of a bare PyTorch loop of the same arithmetic, alternating, one thread.

    python benchmarks/throughput.py [--rounds 5]

Both read the same sequences, carry the state, cut time into the same windows, clip the norm and step a fused Adam;
`fit` also logs loss and perplexity to metrics.csv and an offline W&B run, and draws its bar.  Prints the median over
the rounds, and the median of the rounds' ratios: a busy machine slows both alike.
"""

import argparse
import logging
import os
import random
import statistics
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("WANDB_MODE", "offline")

import torch
from pytorch_lightning.callbacks import Callback
from torch import nn
from torch.nn import functional as F

from unrolled.config import recipe
from unrolled.runs.build import build, parse
from unrolled.runs.fit import fit

WINDOWS = 10  # optimizer steps per Lightning batch
WARM_UP = 4  # batches that are not timed
SIZES: dict[str, dict[str, Any]] = {
    "word LM 2x200, 10,000 words": {
        "level": "word",
        "vocabulary": 10_000,
        "hidden": 200,
        "layers": 2,
        "rows": 20,
        "window": 35,
        "batches": 14,
    },
    "character LM 1x64": {
        "level": "character",
        "vocabulary": 80,
        "hidden": 64,
        "layers": 1,
        "rows": 32,
        "window": 64,
        "batches": 64,
    },
}


def make_recipe(text: Path, size: dict[str, Any]) -> dict[str, Any]:
    written = {
        "task": {"LanguageModeling": {"embedding_size": size["hidden"]}},
        "architecture": {
            "class_path": "LSTM",
            "init_args": {"hidden_size": size["hidden"], "num_layers": size["layers"]},
        },
        "strategies": [{"TruncatedBPTT": {"k1": size["window"]}}, "CarriedState", {"ClipNorm": {"max_norm": 1.0}}],
        "optimizer": {"class_path": "Adam", "init_args": {"lr": 1e-3, "fused": True}},
        "data": {
            "class_path": "TextFile",
            "init_args": {
                "path": str(text),
                "level": size["level"],
                "batch_size": size["rows"],
                "sequence_length": size["window"] * WINDOWS,
            },
        },
        "trainer": {
            "max_epochs": 1,
            "accelerator": "cpu",
            "limit_train_batches": size["batches"],
            "limit_val_batches": 0,
            "num_sanity_val_steps": 0,
            "log_every_n_steps": 5,
        },
        "checkpoint_every": 10**9,
    }
    return parse(recipe.normalise(written, "benchmark"))


def write_text(path: Path, size: dict[str, Any]) -> None:
    """Enough random text for both: words by Zipf's law, or letters."""
    rng, tokens = random.Random(0), int(1.3 * size["rows"] * size["window"] * WINDOWS * size["batches"])
    names = range(size["vocabulary"] - 3)
    if size["level"] == "word":
        words = [f"w{n}" for n in names]
        drawn = rng.choices(words, [1 / (n + 10) for n in names], k=tokens)
        path.write_text(" ".join(words + drawn), encoding="utf-8")
    else:
        path.write_text("".join(rng.choices([chr(0x100 + n) for n in names], k=tokens)), encoding="utf-8")


class Stopwatch(Callback):
    """Seconds from the end of the warm-up to the last batch."""

    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx == WARM_UP:
            self.began = time.perf_counter()

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        self.ended = time.perf_counter()


def time_fit(made: dict[str, Any], folder: Path) -> float:
    watch = Stopwatch()
    fit(made, folder, callbacks=[watch])
    return watch.ended - watch.began


def time_bare(made: dict[str, Any], size: dict[str, Any]) -> float:
    _, data = build(made)
    torch.manual_seed(1)
    hidden = size["hidden"]
    embedding, head = nn.Embedding(len(data.vocabulary), hidden), nn.Linear(hidden, len(data.vocabulary))
    lstm = nn.LSTM(hidden, hidden, size["layers"], batch_first=True)
    parameters = [*embedding.parameters(), *lstm.parameters(), *head.parameters()]
    optimizer, state, k = torch.optim.Adam(parameters, lr=1e-3, fused=True), None, size["window"]
    for number, (inputs, targets, _) in zip(range(size["batches"]), data.train_dataloader(), strict=False):
        if number == WARM_UP:
            began = time.perf_counter()
        for x, y in zip(inputs.split(k, 1), targets.split(k, 1), strict=True):
            output, state = lstm(embedding(x), state)
            loss = F.cross_entropy(head(output).flatten(0, 1), y.flatten())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()
            state = tuple(part.detach() for part in state)
    return time.perf_counter() - began


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=5)
    chosen = arguments.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    results = []
    for name, size in SIZES.items():
        tokens = size["rows"] * size["window"] * WINDOWS * (size["batches"] - WARM_UP)
        with tempfile.TemporaryDirectory() as folder:
            text = Path(folder) / "text.txt"
            write_text(text, size)
            made = make_recipe(text, size)
            pairs = [(time_fit(made, Path(folder) / str(n)), time_bare(made, size)) for n in range(chosen.rounds)]
        ours, bare = (statistics.median(tokens / pair[side] for pair in pairs) for side in (0, 1))
        ratios = sorted(pair[1] / pair[0] for pair in pairs)
        results.append((name, ours, bare, statistics.median(ratios), ratios[0], ratios[-1]))
    print(f"\n{'':30}{'unrolled fit':>14}{'bare loop':>12}{'ratio':>8}{'min':>7}{'max':>7}   (tokens/s, one thread)")
    for name, ours, bare, ratio, low, high in results:
        print(f"{name:30}{ours:14,.0f}{bare:12,.0f}{ratio:8.3f}{low:7.3f}{high:7.3f}")


if __name__ == "__main__":
    main()
