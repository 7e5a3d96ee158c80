"""The exposure gap of a language model from fit to test."""

import csv
from pathlib import Path
from typing import Any

import pytest
import torch

from unrolled.runs.evaluate import evaluate
from unrolled.runs.fit import fit

FIGURES = ["free_running_perplexity", "truth_perplexity", "exposure_gap", "distinct_2", "repetition_4"]


def test_a_run_read_back_writes_what_it_wrote_while_it_was_trained(
    tmp_path: Path, tiny: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The best checkpoint is that of the only epoch; its draws come from the seed of the run."""
    monkeypatch.setenv("WANDB_MODE", "disabled")
    folder = tmp_path / "run"
    fit(tiny | {"seed": 5}, folder, progress=False)
    with (folder / "metrics.csv").open() as file:
        logged = {row["name"]: float(row["value"]) for row in csv.DictReader(file)}
    torch.manual_seed(99)  # as in another process
    validated = evaluate(folder, "valid", progress=False)["metrics"]
    assert {f"val/{name}": logged[f"val/{name}"] for name in FIGURES} == pytest.approx(
        {f"val/{name}": validated[f"val/{name}"] for name in FIGURES}, rel=1e-6
    )
    tested = evaluate(folder, progress=False)["metrics"]
    assert {f"test/{name}" for name in FIGURES} <= tested.keys()
    assert tested["test/free_running_perplexity"] != validated["val/free_running_perplexity"]
