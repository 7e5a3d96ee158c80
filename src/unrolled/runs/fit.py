"""Train a recipe in a run folder."""

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
from unrolled.runs.training import allocator, environment, wandb_logger
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
    """Train a recipe; write recipe, environment, metrics, and best and last checkpoints to `folder`.

    Args:
        recipe: as returned by `unrolled.config.recipe.load`.
        folder: the run folder; created if missing.
        resume: continue from the last intact checkpoint, bitwise on a CPU; without one, start from scratch.
        callbacks: additional Lightning callbacks.
        group: the W&B group.
        progress: whether to show a progress bar.

    Returns:
        The last value of every logged metric, by name.
    """
    allocator.keep()
    described = _create_folder(folder, recipe, resume)
    pl.seed_everything(recipe["seed"], workers=True, verbose=False)
    task, data = build(recipe)
    table = TableLogger(folder)
    path = checkpoints.newest_intact(folder / "checkpoints") if resume else None
    if path is not None:
        checkpoint = checkpoints.load(path)
        data.load_state_dict(checkpoint[type(data).__qualname__])  # first: other data may explain a size mismatch
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
        logger=[table, wandb_logger.make_logger(folder, recipe, described["run_id"], group)],
        callbacks=[*callbacks, *saves, *([ProgressBar()] if progress else [])],
        plugins=[checkpoints.SealedCheckpointIO()],
        enable_progress_bar=progress,
        enable_model_summary=False,
    )
    began = time.monotonic()
    described["parameters"] = sum(p.numel() for p in task.parameters())
    try:
        with wandb_logger.finishing_run():
            trainer.fit(task, datamodule=data, ckpt_path=path, weights_only=True)
    finally:
        described["seconds"] = round(described.get("seconds", 0) + time.monotonic() - began, 1)
        _write(folder, recipe, described)
    return {name: float(value) for name, value in trainer.callback_metrics.items() if "/" in name}


def _create_folder(folder: Path, recipe: dict[str, Any], resume: bool) -> dict[str, Any]:
    """Create the folder and describe the environment; a resumed run keeps its first description."""
    known = folder / "environment.json"
    described = (
        json.loads(known.read_text(encoding="utf-8"))
        if resume and known.exists()
        else environment.describe_environment()
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder, recipe, described)
    except OSError as error:
        message = f"{folder}: expected a writable folder, got: {error.strerror}; choose another with --runs"
        raise InputError(message) from error
    return described


@rank_zero_only
def _write(folder: Path, recipe: dict[str, Any], described: dict[str, Any]) -> None:
    environment.write_atomically(folder / "environment.json", json.dumps(described, indent=2) + "\n")
    environment.write_atomically(folder / "recipe.yaml", dump(recipe))
