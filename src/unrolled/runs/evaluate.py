"""What a trained run is worth, beside what simple models reach on the same data."""

import json
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from unrolled.runs import restore
from unrolled.runs.build import build_data
from unrolled.runs.inference.generate import continue_text
from unrolled.runs.training.environment import write
from unrolled.tasks import LanguageModeling

PREFIX, LENGTH, TEMPERATURE = 60, 600, 0.7  # the sample: tokens given, tokens drawn, and how boldly


def evaluate(
    folder: Path, split: str = "test", checkpoint: Path | None = None, *, progress: bool = True
) -> dict[str, Any]:
    """Measure the run's best checkpoint beside baselines; for the test split leave results.json.

    It holds `split`, `unit` (what a target is), `metrics` and `baselines` by name, `baseline_metric` (the metric that
    the baselines are figures of), of a language model a `sample`, of a forecaster its scores `by_horizon`, the
    `baseline_errors`, an `example` and, where the data have Naive2, its `owa`, and of classes `classes` by name,
    `confusion`, how often each was told as which, truth down and told across, and their scores `by_class`, where the
    data tells of languages also `by_language`.

    Args:
        folder: the run's folder.
        split: valid or test; or fold, what cross-validation has held out: the test, or valid where the data set has a
            test of its own, which no choice may look at.
        checkpoint: another checkpoint than the best one.
        progress: whether a bar is shown.

    Raises:
        InputError: no run, no checkpoint, a damaged one, or one of another architecture or vocabulary.
    """
    recipe = restore.read_recipe(folder)
    task: Any
    task, saved = restore.restore(folder, checkpoint)
    task.seed = recipe["seed"]  # its free runs draw the numbers that they drew in training's validations
    pl.seed_everything(recipe["seed"], verbose=False)
    data = build_data(recipe)
    data.load_state_dict(saved[type(data).__qualname__])
    split = data.fold_split if split == "fold" else split
    trainer = pl.Trainer(
        accelerator=recipe["trainer"].get("accelerator", "auto"),
        devices=1,
        precision=recipe["trainer"].get("precision"),
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=progress,
        enable_model_summary=False,
        default_root_dir=folder,
    )
    run = trainer.test if split == "test" else trainer.validate
    (metrics,) = run(task, datamodule=data, verbose=False)
    measured = {name: value for name, value in metrics.items() if "/" in name}
    results: dict[str, Any] = {"split": split, "unit": task.unit, "metrics": measured}
    results |= task.baselines(data, split) | task.findings(data, split)
    if split == "test":
        if isinstance(task, LanguageModeling):
            prefix = data.vocabulary.decode(data.tokens["test"][:PREFIX])
            drawn = continue_text(task, data.vocabulary, prefix, LENGTH, TEMPERATURE)
            results["sample"] = {"prefix": prefix, "text": drawn, "temperature": TEMPERATURE}
        write(folder / "results.json", json.dumps(results, indent=2, ensure_ascii=False) + "\n")
    return results
