"""What every test starts from: one thread, no network, no account, the same seed.

torch is not imported here, so that the tests that need none stay quick.
"""

import os
import random
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.register_assert_rewrite("conformance")  # a shared kit's assert then shows its values, as a test's own does

LETTERS = "abcde \n"

# Set before torch is first imported, and handed on to every process that a test starts.
os.environ.update(OMP_NUM_THREADS="1", WANDB_MODE="offline", WANDB_SILENT="true", WANDB_ERROR_REPORTING="false")
for name in ("WANDB_API_KEY", "WANDB_DIR", "WANDB_PROJECT", "WANDB_RUN_ID"):
    os.environ.pop(name, None)

# A shell starts background jobs with Ctrl-C ignored, and every process that a test starts would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    from hypothesis import settings

    # The same examples on every machine, and no limit on time: a busy machine is not a bug.
    settings.register_profile("unrolled", deadline=None, derandomize=True, database=None)
    settings.load_profile("unrolled")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what depends on the processor's units: arithmetic, cells, and every test of a 16-bit type."""
    for item in items:
        if re.search(r"tests/(architectures|functional)/|bf16|bfloat16|precision", item.nodeid):
            item.add_marker("numeric")


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Every test starts from the same random numbers, whichever ran before it in this process."""
    random.seed(0)
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed(0)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


@pytest.fixture
def workdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is also the current one: `runs/` and `reports/` land in it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def shared_data() -> Callable[[str], Path]:
    """`shared_data("tinyshakespeare")` is that data set's folder; the test skips on a machine without it."""

    def find(name: str) -> Path:
        root = os.environ.get("UNROLLED_TEST_DATA")
        if root is None:
            pytest.skip(f"UNROLLED_TEST_DATA does not name a folder with {name}")
        folder = Path(root) / name
        if not folder.exists():
            pytest.skip(f"{folder} does not exist")
        return folder

    return find


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
