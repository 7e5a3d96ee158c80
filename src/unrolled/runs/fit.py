"""Train a recipe in a folder."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback, ModelCheckpoint
from pytorch_lightning.utilities import rank_zero_only

from unrolled.config.recipe import dump
from unrolled.errors import InputError
from unrolled.runs import checkpoints
from unrolled.runs.build import build
from unrolled.runs.training import allocator as memory
from unrolled.runs.training import environment
from unrolled.runs.training import wandb_logger as tracking
from unrolled.runs.training.last_checkpoint import KeepLast
from unrolled.runs.training.metrics_csv import TableLogger
from unrolled.runs.training.progress_bar import ProgressBar


def fit(
    recipe: dict[str, Any],
    folder: Path,
    *,
    resume: bool = False,
    callbacks: Sequence[Callback] = (),
    group: str | None = None,
    progress: bool = True,
) -> dict[str, float]:
    """Train, and leave in `folder` the recipe, the environment, the metrics, and the best and last checkpoints.

    Args:
        recipe: as `unrolled.config.recipe.load` gives it.
        folder: the run's own folder; made where it is missing.
        resume: go on from the last sound checkpoint, bit for bit on a CPU; from the start where there is none.
        callbacks: further Lightning callbacks.
        group: the W&B group, for runs that belong together.
        progress: whether a bar is shown.

    Returns:
        The last value of every metric that was logged, by name.
    """
    memory.keep()
    described = _open(folder, recipe, resume)
    pl.seed_everything(recipe["seed"], workers=True, verbose=False)
    task, data = build(recipe)
    table = TableLogger(folder)
    path = checkpoints.newest_sound(folder / "checkpoints") if resume else None
    if path is not None:
        checkpoint = checkpoints.load(path)
        data.load_state_dict(checkpoint[type(data).__qualname__])  # refuses other data, which is why sizes may differ
        checkpoints.require_match(checkpoint, task, path)
    table.rewind(checkpoint["unrolled"]["optimizer_steps"] if path else 0)
    best = f"val/{task.chosen_by}"
    saves = [
        ModelCheckpoint(folder / "checkpoints", filename="best", monitor=best, enable_version_counter=False),
        KeepLast(folder / "checkpoints" / "last.ckpt", recipe["checkpoint_every"]),
    ]
    trainer = pl.Trainer(
        **recipe["trainer"],
        default_root_dir=folder,
        logger=[table, tracking.make_logger(folder, recipe, described["run_id"], group)],
        callbacks=[*callbacks, *saves, *([ProgressBar()] if progress else [])],
        plugins=[checkpoints.SealedCheckpointIO()],
        enable_progress_bar=progress,
        enable_model_summary=False,
    )
    began = time.monotonic()
    described["parameters"] = sum(p.numel() for p in task.parameters())
    try:
        with tracking.finished():
            trainer.fit(task, datamodule=data, ckpt_path=path, weights_only=True)
    finally:
        described["seconds"] = round(described.get("seconds", 0) + time.monotonic() - began, 1)
        _write(folder, recipe, described)
    return {name: float(value) for name, value in trainer.callback_metrics.items() if "/" in name}


def _open(folder: Path, recipe: dict[str, Any], resume: bool) -> dict[str, Any]:
    """Make the folder, and say what the run is made with; a resumed run keeps what was said first."""
    known = folder / "environment.json"
    described = json.loads(known.read_text(encoding="utf-8")) if resume and known.exists() else environment.describe()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder, recipe, described)
    except OSError as error:
        told = f"{folder}: expected a folder that can be written, got: {error.strerror}; choose another with --runs"
        raise InputError(told) from error
    return described


@rank_zero_only
def _write(folder: Path, recipe: dict[str, Any], described: dict[str, Any]) -> None:
    environment.write(folder / "environment.json", json.dumps(described, indent=2) + "\n")
    environment.write(folder / "recipe.yaml", dump(recipe))
