"""The scripts of benchmarks/, run in this process with a budget of a few steps, their figures in a test's folder."""

import importlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """`script("exploding")` is that module, with one process instead of two and a look every second step."""
    pytest.importorskip("matplotlib")
    monkeypatch.syspath_prepend(BENCHMARKS)

    def load(name: str) -> ModuleType:
        for module in map(importlib.import_module, ("experiment", "solving", name)):
            changes = {"FIGURES": tmp_path, "EVERY": 2, "hush": lambda: None, "spread": lambda f, jobs: [*map(f, jobs)]}
            for changed, value in changes.items():
                if hasattr(module, changed):
                    monkeypatch.setattr(module, changed, value)
        return module

    level = logging.getLogger("pytorch_lightning").level
    yield load
    logging.getLogger("pytorch_lightning").setLevel(level)  # scripts silence it for their process
    for name in [name for name, module in sys.modules.items() if _lies_there(module)]:
        del sys.modules[name]


def _lies_there(module: ModuleType) -> bool:
    return Path(getattr(module, "__file__", None) or "/").parent == BENCHMARKS


@pytest.fixture
def printed(script: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """`printed("exploding", "--steps 4")` runs it and returns the rows of its tables, cell by cell."""

    def run(name: str, arguments: str) -> list[list[str]]:
        module = script(name)
        monkeypatch.setattr(sys, "argv", [name, *arguments.split()])
        module.main()
        lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| ")]
        return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]

    return run
