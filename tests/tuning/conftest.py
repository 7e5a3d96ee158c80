"""A study of stand-in trials in an empty folder."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest

from unrolled.config import yaml_io
from unrolled.tuning import sweep_file
from unrolled.tuning.storage import open_study

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src"
RATE = "optimizer.init_args.lr"

RECIPE: dict[str, Any] = {
    "task": "LanguageModeling",
    "architecture": {"class_path": "LSTM", "init_args": {"hidden_size": 8}},
    "optimizer": {"class_path": "Adam", "init_args": {"lr": 0.01}},
    "data": "PythonDocs",
}
SWEEP: dict[str, Any] = {
    "study": "stand-in",
    "recipe": "recipe.yaml",
    "space": {RATE: {"float": [1e-4, 1.0], "log": True}},
    "sampler": {"RandomSampler": {"seed": 1}},
    "trials": 6,
    "workers": 2,
    "heartbeat": 1,
}

WriteSweep = Callable[..., Path]


@pytest.fixture
def write_sweep(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> WriteSweep:
    """`write_sweep(trials=3)` writes sweep.yaml with that entry changed; `space=...` replaces a whole entry."""
    monkeypatch.setenv("PYTHONPATH", f"{SOURCE}{os.pathsep}{HERE}")  # for the workers and their trials
    monkeypatch.setattr(sys, "path", [*sys.path, str(HERE)])

    def write(**changes: Any) -> Path:
        Path("recipe.yaml").write_text(yaml_io.to_yaml(RECIPE))
        Path("sweep.yaml").write_text(yaml_io.to_yaml({**SWEEP, **changes}))
        return Path("sweep.yaml")

    return write


def study_in(folder: Path) -> optuna.Study:
    """The study that a launch left in its folder."""
    return open_study(sweep_file.read_sweep(folder / "study.yaml"), folder)
