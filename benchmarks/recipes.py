"""Train and test shipped recipes with several seeds, and write their results into docs/results/.

    python benchmarks/recipes.py [RECIPE ...] [--seeds 3] [--folder runs/results]

Trains and tests each named recipe with seeds 1, 2, ... and stores the measurements in docs/results/results.csv, where
they replace the recipe's earlier ones.  Then writes, from that file, the tables in docs/results/*.md and the
`# Result:` line of each recipe; without a recipe, only these.  One thread a run; data that are not generated are looked
for where `unrolled fit` looks for them.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from headlines import headline, opened
from measured import RESULTS, Figure, read, write
from recipe_table import blocks, page, table
from rich.progress import track

from unrolled.config import recipe
from unrolled.suggestions import expected

BESIDE = {"bleu", "chrf", "exact_match", "mae", "mase", "owa", "smape", "coverage_80", "macro_f1"}


def measure(name: str, seed: int, folder: Path) -> list[Figure]:
    """Train a recipe and test it; the run stays in `folder`."""
    run = folder / f"{name}-{seed}"
    shutil.rmtree(run, ignore_errors=True)
    fit = ["fit", "-c", name, "--runs", str(folder), "--run", run.name, "--seed", str(seed)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "WANDB_MODE": "disabled"}
    for words in (fit, ["test", str(run)]):
        done = subprocess.run(
            [sys.executable, "-m", "unrolled", *words], capture_output=True, text=True, env=environment
        )
        if done.returncode:
            sys.exit(f"{name}, seed {seed}: {done.stderr.strip().splitlines()[-1]}")
    found = json.loads((run / "results.json").read_text(encoding="utf-8"))
    seconds = json.loads((run / "environment.json").read_text(encoding="utf-8"))["seconds"]
    return [*figures(name, seed, found), Figure(name, seed, "seconds", "of training", seconds)]


def figures(name: str, seed: int, found: dict[str, Any]) -> list[Figure]:
    """The figures of a run's results.json."""
    metrics = {key.removeprefix("test/"): value for key, value in found["metrics"].items()}
    if metrics.get("bleu") == 0:
        del metrics["bleu"]  # no output has four words in a row
    asked, errors = found["baseline_metric"], found.get("baseline_errors", {})
    metrics |= {key: found[key] for key in BESIDE & found.keys()}
    made = [Figure(name, seed, "metric", asked, metrics[asked])]
    made += [Figure(name, seed, "baseline", key, value) for key, value in found["baselines"].items()]
    for key in sorted(BESIDE & metrics.keys() - {asked}):
        made.append(Figure(name, seed, "beside", key, metrics[key]))
        made += [Figure(name, seed, f"baseline of {key}", n, one[key]) for n, one in errors.items() if key in one]
    return made


def write_headlines(figures: list[Figure]) -> None:
    """The `# Result:` line of every shipped recipe that was measured."""
    for name in sorted({figure.recipe for figure in figures}):
        file = recipe.SHIPPED / f"{name}.yaml"
        line = headline([figure for figure in figures if figure.recipe == name])
        file.write_text(opened(file.read_text(encoding="utf-8"), line), encoding="utf-8")


def write_pages(figures: list[Figure]) -> None:
    """Every table of docs/results/*.md."""
    tables = blocks(figures)
    for file in RESULTS.glob("*.md"):
        file.write_text(page(file.read_text(encoding="utf-8"), tables), encoding="utf-8")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("recipes", nargs="*", metavar="RECIPE")
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--folder", type=Path, default=Path("runs/results"))
    given = arguments.parse_args()
    for name in {*given.recipes} - {*recipe.shipped()}:
        arguments.error(f"recipe: {expected(name, recipe.shipped())}")
    jobs = [(name, seed) for name in given.recipes for seed in range(1, given.seeds + 1)]
    for name, seed in track(jobs, description="recipes", disable=not sys.stdout.isatty()):
        found = measure(name, seed, given.folder)
        kept = [figure for figure in read() if (figure.recipe, figure.seed) != (name, seed)]
        if seed == 1:  # drop all seeds of an earlier version
            kept = [figure for figure in kept if figure.recipe != name]
        write(kept + found)
    write_headlines(read())
    write_pages(read())
    print(table([figure for figure in read() if not given.recipes or figure.recipe in given.recipes]), end="")


if __name__ == "__main__":
    main()
