"""docs/tour.ipynb: its cells run in order, in one process, and it is stored without outputs."""

import json
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).parents[1] / "docs" / "tour.ipynb"


def code_cells() -> list[dict[str, Any]]:
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def test_every_cell_runs(workdir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")
    names: dict[str, Any] = {}
    for number, cell in enumerate(code_cells()):
        exec(compile("".join(cell["source"]), f"{NOTEBOOK.name}, code cell {number}", "exec"), names)  # noqa: S102
    assert names["run"].path == Path("runs/tour") and names["again"].path == Path("runs/tour-gru")
    assert Path("reports/tour/index.html").is_file()
    assert names["task"].k1 == 16 and names["task"].max_norm == 1.0
    assert "Did you mean max_norm (ClipNorm)?" in capsys.readouterr().out


def test_it_is_stored_without_outputs() -> None:
    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code_cells())
    assert NOTEBOOK.stat().st_size < 10_000
