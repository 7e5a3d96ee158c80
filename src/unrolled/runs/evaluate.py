"""Evaluate a trained run and compare it with baselines on the same data."""

import json
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from unrolled.runs import restore
from unrolled.runs.build import build_data
from unrolled.runs.inference.generate import continue_text
from unrolled.runs.training.environment import write_atomically
from unrolled.tasks import LanguageModeling

PREFIX, LENGTH, TEMPERATURE = 60, 600, 0.7  # of the sample: tokens given, tokens generated, temperature


def evaluate(
    folder: Path, split: str = "test", checkpoint: Path | None = None, *, progress: bool = True
) -> dict[str, Any]:
    """Evaluate the run's best checkpoint and the baselines; for the test split, write results.json.

    Keys of the results: `split`, `unit` (of a target), `metrics` and `baselines` by name, `baseline_metric` (the metric
    of the baselines).  Language models add a `sample`.  Forecasters add scores `by_horizon`, `baseline_errors`, an
    `example` and, if the data has Naive2, its `owa`.  Classifiers add the names of the `classes`, the `confusion`
    matrix (rows: truth, columns: prediction), scores `by_class` and, if the data has languages, `by_language`.

    Args:
        folder: the run folder.
        split: valid or test; or fold, the held-out fold of cross-validation: test, or valid if the data set has a fixed
            test split, which must not guide any choice.
        checkpoint: a checkpoint to use instead of the best one.
        progress: whether to show a progress bar.

    Raises:
        InputError: no run, no checkpoint, or a checkpoint that is damaged or has another architecture or vocabulary.
    """
    recipe = restore.read_recipe(folder)
    task: Any
    task, saved = restore.restore(folder, checkpoint)
    task.seed = recipe["seed"]  # free runs draw the same random numbers as in training's validation
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
        write_atomically(folder / "results.json", json.dumps(results, indent=2, ensure_ascii=False) + "\n")
    return results
