"""A tiny recipe over a text of its own."""

import random
from pathlib import Path
from typing import Any

import pytest

LETTERS = "abcde \n"


@pytest.fixture
def text(tmp_path: Path) -> Path:
    """1,600 random characters of seven kinds."""
    path = tmp_path / "text.txt"
    rng = random.Random(0)
    path.write_text("".join(rng.choice(LETTERS) for _ in range(1600)), encoding="utf-8")
    return path


@pytest.fixture
def tiny(text: Path) -> dict[str, Any]:
    """A recipe that trains in a second."""
    from unrolled.config import recipe
    from unrolled.runs.build import parse

    written = {
        "task": {"LanguageModeling": {"embedding_size": 6}},
        "architecture": {"class_path": "GRU", "init_args": {"hidden_size": 6}},
        "strategies": [{"TruncatedBPTT": {"k1": 5}}, "CarriedState"],
        "optimizer": {"class_path": "Adam", "init_args": {"lr": 0.01}},
        "data": {"class_path": "TextFile", "init_args": {"path": str(text), "batch_size": 4, "sequence_length": 20}},
        "trainer": {"max_epochs": 1, "accelerator": "cpu", "log_every_n_steps": 2},
        "checkpoint_every": 4,
    }
    return parse(recipe.normalise(written, "test"))
