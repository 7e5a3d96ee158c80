"""Each strategy on the quickstart's text: the same budget of characters, two runs at a time, several seeds.

    python benchmarks/strategies.py [--epochs 3] [--seeds 3] [--folder runs/strategies]

Prints a table: validation bits per character (mean, and the largest distance of a seed from it) and seconds per run.
"""

import argparse
import csv
import json
import os
import re
import statistics
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SHIPPED = ["{TruncatedBPTT: {k1: 64}}", "CarriedState", "{ClipNorm: {max_norm: 1.0}}"]
TRUNCATED, CARRIED, CLIPPED = SHIPPED
ARMS = {
    "as shipped: k1 = k2 = 64, carried state, norm 1": SHIPPED,
    "k1 = k2 = 8": ["{TruncatedBPTT: {k1: 8}}", CARRIED, CLIPPED],
    "k1 = k2 = 16": ["{TruncatedBPTT: {k1: 16}}", CARRIED, CLIPPED],
    "k1 = 16, k2 = 64": ["{TruncatedBPTT: {k1: 16, k2: 64}}", CARRIED, CLIPPED],
    "k1 = 16, k2 = 64, recomputed": ["{TruncatedBPTT: {k1: 16, k2: 64, past: recomputed}}", CARRIED, CLIPPED],
    "k1 = k2 = 256": ["{TruncatedBPTT: {k1: 256}}", CARRIED, CLIPPED],
    "random windows around 64": ["{RandomTruncation: {base_length: 64}}", CARRIED, CLIPPED],
    "ARTBP, 64 on average, a coin every 8": ["{ARTBP: {expected_length: 64, coin_every: 8}}", CARRIED, CLIPPED],
    "adaptive, 8 to 256": ["{AdaptiveTruncation: {shortest: 8, longest: 256, estimate_every: 10}}", CARRIED, CLIPPED],
    "no truncation: all 512 steps": [CARRIED, CLIPPED],
    "all 512 steps, checkpointed": ["CheckpointedBPTT", CARRIED, CLIPPED],
    "no carried state, windows of 512": [TRUNCATED, CLIPPED],
    "state dropped with 0.1": [TRUNCATED, "{CarriedState: {drop_probability: 0.1}}", CLIPPED],
    "initial state learned": [TRUNCATED, "{CarriedState: {learned_initial_state: true}}", CLIPPED],
    "burn-in of 16 steps, dropped with 0.1": [
        TRUNCATED,
        "{CarriedState: {drop_probability: 0.1, burn_in: 16}}",
        CLIPPED,
    ],
    "no clipping": [TRUNCATED, CARRIED],
    "norm 0.1": [TRUNCATED, CARRIED, "{ClipNorm: {max_norm: 0.1}}"],
    "value 0.01": [TRUNCATED, CARRIED, "{ClipValue: {max_value: 0.01}}"],
    "state gradient clipped to 1e-4": [*SHIPPED, "{ClipStateGradient: {max_state_gradient: 1.0e-4}}"],
    "gradient noise 0.01": [*SHIPPED, "{GradientNoise: {eta: 0.01}}"],
    "gradient noise 0.0001": [*SHIPPED, "{GradientNoise: {eta: 0.0001}}"],
    "teacher forcing 0.75": [*SHIPPED, "{TeacherForcing: {ratio: 0.75}}"],
    "scheduled sampling 1 to 0.75": [*SHIPPED, "{ScheduledSampling: {end: 0.75, over: 800}}"],
}


def train(name: str, strategies: list[str], seed: int, epochs: int, folder: Path) -> tuple[float, float]:
    """One run: (validation bits per character after the last epoch, seconds)."""
    run = re.sub(r"[^\w.-]+", "_", f"{name}-{seed}")
    command = [sys.executable, "-m", "unrolled", "fit", "-c", "quickstart", "--runs", str(folder), "--run", run]
    command += ["--strategies", f"[{', '.join(strategies)}]", "--seed", str(seed)]
    command += ["--trainer.max_epochs", str(epochs), "--lr_scheduler.init_args.total_iters", str(epochs)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "WANDB_MODE": "offline"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(f"{name}, seed {seed}: {done.stderr.strip().splitlines()[-1]}")
    with (folder / run / "metrics.csv").open(newline="") as file:
        values = [float(row["value"]) for row in csv.DictReader(file) if row["name"] == "val/bits_per_character"]
    return values[-1], json.loads((folder / run / "environment.json").read_text())["seconds"]


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--epochs", type=int, default=3)
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--arms", default="", help="only those whose name holds this")
    arguments.add_argument("--folder", type=Path, default=Path("runs/strategies"), help="a new one")
    chosen = arguments.parse_args()
    if chosen.folder.exists():
        sys.exit(f"{chosen.folder}: expected a new folder, this one is there; remove it or name another")
    with ThreadPoolExecutor(2) as pool:
        results = {
            name: [
                pool.submit(train, name, strategies, seed, chosen.epochs, chosen.folder)
                for seed in range(1, chosen.seeds + 1)
            ]
            for name, strategies in ARMS.items()
            if chosen.arms in name
        }
        print(f"| {chosen.epochs} epochs, {chosen.seeds} seeds | bits per character | ± | seconds |\n|---|---|---|---|")
        for name, runs in results.items():
            measured, seconds = zip(*(run.result() for run in runs), strict=True)
            mean = statistics.mean(measured)
            spread = max(abs(value - mean) for value in measured)
            print(f"| {name} | {mean:.3f} | {spread:.3f} | {statistics.median(seconds):.0f} |", flush=True)


if __name__ == "__main__":
    main()
