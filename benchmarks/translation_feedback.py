"""Feedback strategies for translation: short English sentences to French ones.

    python benchmarks/translation_feedback.py [--seeds 3] [--pairs 10000] [--epochs 3]

The shipped recipe `english_french` with fewer pairs: sentences of up to eight words, the most frequent 4,000 words of
each side.  Where model outputs are mixed in, the teacher forcing ratio falls from 1 to 3/4 over the run.  The last arm
is teacher-forced, and sees only the encoder's last state.

Prints BLEU and chrF of free-running greedy decoding and the teacher-forced loss, on the test part: means of the seeds
with 95 % intervals.  Draws docs/figures/translation_feedback.svg.  The data are those of the recipe: fra-eng.zip in the
data folder.  Every arm gets the same batches.  About 12 minutes on two cores.
"""

import argparse
from typing import Any

import pytorch_lightning as pl
import torch

from experiment import QUIET, axes, interval, save, spread
from unrolled import compose
from unrolled.config import recipe
from unrolled.data import EnglishFrench
from unrolled.strategies import ClipNorm, ParallelScheduledSampling, ScheduledSampling, TeacherForcing
from unrolled.tasks import Translation

MEASURED = {"bleu": "BLEU", "chrf": "chrF", "loss": "nats per word, reading the truth"}
FALLING = {"start": 1.0, "end": 0.75, "decay": "linear"}
Arm = tuple[type, dict[str, Any]]
Job = tuple[str, int, int, int]


def arms(batches: int) -> dict[str, Arm]:
    """A feedback strategy, and arguments of it or of the task, by name."""
    falling = {**FALLING, "over": batches}
    return {
        "teacher forcing": (TeacherForcing, {}),
        "scheduled, 1 to 3/4": (ScheduledSampling, falling),
        "parallel, 2 passes": (ParallelScheduledSampling, falling),
        "forced, no attention": (TeacherForcing, {"attention": "none", "input_feeding": False}),
    }


def work(job: Job) -> tuple[float, ...]:
    """What `MEASURED` names, of one trained model."""
    name, seed, pairs, epochs = job
    shipped = recipe.load("english_french")
    data = EnglishFrench(**{**shipped["data"]["init_args"], "train_limit": pairs})
    data.setup()
    batches = epochs * len(data.train_dataloader())
    strategy, given = arms(batches)[name]
    falls = {"start_factor": 1.0, "end_factor": 0.02, "total_iters": epochs}
    torch.manual_seed(seed)
    task: Any = compose(Translation, ClipNorm, strategy)(
        **data.sizes(),
        architecture=shipped["architecture"],
        optimizer=shipped["optimizer"],
        lr_scheduler={"class_path": "LinearLR", "init_args": falls},
        max_norm=1.0,
        **{**shipped["task"]["Translation"], **given},
    )
    trainer = pl.Trainer(**QUIET, max_epochs=epochs, limit_val_batches=0)
    trainer.fit(task, data)
    (found,) = trainer.test(task, data, verbose=False)
    return tuple(found[f"test/{measure}"] for measure in MEASURED)


def draw(found: dict[str, list[tuple[float, ...]]]) -> None:
    figure, plots = axes(len(MEASURED), size=(11, 3.2))
    names = list(found)[::-1]
    for column, (plot, label) in enumerate(zip(plots, MEASURED.values(), strict=True)):
        for place, name in enumerate(names):
            values = [run[column] for run in found[name]]
            mean, half = interval(values)
            plot.plot(values, [place] * len(values), ".", color="tab:blue", ms=4, alpha=0.5)
            plot.errorbar(mean, place, xerr=half, fmt="o", color="tab:blue", ms=4, capsize=3)
        plot.set_yticks(range(len(names)), names if column == 0 else [])
        plot.set(xlabel=label)
    save(figure, "translation_feedback")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("seeds", 3), ("pairs", 10000), ("epochs", 3)):
        arguments.add_argument(f"--{name}", type=int, default=default)
    asked = arguments.parse_args()
    seeds = range(1, asked.seeds + 1)
    jobs = [(name, seed, asked.pairs, asked.epochs) for name in arms(1) for seed in seeds]
    results = dict(zip(jobs, spread(work, jobs), strict=True))
    found = {name: [results[name, seed, asked.pairs, asked.epochs] for seed in seeds] for name in arms(1)}
    setting = f"{asked.pairs:,} pairs, {asked.epochs} epochs, {asked.seeds} seeds"
    print(f"\n| {setting} | {' | '.join(MEASURED.values())} |\n|---|{'---|' * len(MEASURED)}")
    for name, runs in found.items():
        cells = (interval(values) for values in zip(*runs, strict=True))
        print(f"| {name} | {' | '.join(f'{mean:.2f} ± {half:.2f}' for mean, half in cells)} |")
    draw(found)


if __name__ == "__main__":
    main()
