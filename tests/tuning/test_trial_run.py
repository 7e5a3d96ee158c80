"""Real runs: what the study hears is what the run logged, and a pruned run stops and ends in good order."""

import csv
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unrolled.config import recipe
from unrolled.runs.build import parse
from unrolled.tuning import launch, sweep_file
from unrolled.tuning import trial_run as pruning
from unrolled.tuning.trial_process import Metrics

from .conftest import SOURCE, study_in

SWEEPS = sorted(SOURCE.parent.glob("sweeps/*.yaml"))
WHERE = {"sentence_polarity": "nltk_data"}  # real data that a sweep needs


def tiny() -> dict[str, Any]:
    """Three epochs of three batches of two windows, on characters that repeat."""
    Path("text.txt").write_text("the cat sat on the mat. " * 40)
    written = {
        "task": {"LanguageModeling": {"embedding_size": 4}},
        "architecture": {"class_path": "LSTM", "init_args": {"hidden_size": 4}},
        "strategies": [{"TruncatedBPTT": {"k1": 8, "k2": 8}}],
        "optimizer": "Adam",
        "data": {"class_path": "TextFile", "init_args": {"path": "text.txt", "batch_size": 4, "sequence_length": 16}},
        "trainer": {"max_epochs": 3, "limit_train_batches": 3, "accelerator": "cpu"},
    }
    return recipe.normalise(written, "tiny")


def logged(folder: Path, name: str) -> dict[int, float]:
    with (folder / "metrics.csv").open() as file:
        return {int(row["step"]): float(row["value"]) for row in csv.DictReader(file) if row["name"] == name}


def test_every_validation_but_the_sanity_check_is_told_with_its_step(workdir: Path) -> None:
    heard: dict[int, float] = {}

    def should_continue(step: int, metrics: Metrics) -> bool:
        heard[step] = metrics["val/loss"]
        return True

    metrics = pruning.train(tiny(), Path("run"), "study", should_continue)
    assert list(heard) == [6, 12, 18]  # optimizer steps: two windows in each of three batches
    assert heard == pytest.approx(logged(Path("run"), "val/loss"))
    assert metrics["val/loss"] == heard[18]


def test_a_pruned_run_stops_there_and_keeps_its_checkpoint(workdir: Path) -> None:
    pruning.train(tiny(), Path("run"), "study", lambda step, metrics: step < 12)
    assert list(logged(Path("run"), "val/loss")) == [6, 12]
    assert Path("run/checkpoints/last.ckpt").exists()
    assert recipe.load("run/recipe.yaml") == parse(tiny())


@pytest.mark.parametrize("path", SWEEPS, ids=lambda path: path.stem)
def test_every_shipped_sweep_runs(
    path: Path, workdir: Path, monkeypatch: pytest.MonkeyPatch, shared_data: Callable[[str], Path]
) -> None:
    if path.stem in WHERE:
        monkeypatch.setenv("NLTK_DATA", str(shared_data(WHERE[path.stem])))
    monkeypatch.setenv("WANDB_SERVICE", "that of another process")  # trials do not write through it
    few = {"trainer.limit_train_batches": 2, "trainer.limit_val_batches": 2, "trainer.max_epochs": 1}
    count = 2 if sweep_file.read_sweep(path).folds == 1 else 1
    folder = launch(path, trials=count, workers=1, overrides=few)
    sweep = sweep_file.read_sweep(folder / "study.yaml")
    trials = study_in(folder).get_trials()
    assert [trial.state.name for trial in trials] == ["COMPLETE"] * count
    for trial in trials:
        run, metric = folder / "trials" / str(trial.number), sweep.objective["metric"]
        assert trial.params.keys() <= sweep.space.keys()
        if sweep.folds > 1:
            results = [run / f"fold-{fold}" / "results.json" for fold in range(sweep.folds)]
            scores = [json.loads(path.read_text())["metrics"][metric] for path in results]
            assert trial.value == pytest.approx(sum(scores) / sweep.folds) and len({*scores}) > 1
            run /= "fold-0"
        else:
            assert logged(run, metric)[trial.last_step or 0] == pytest.approx(trial.value)
        ran = recipe.load(run / "recipe.yaml")
        assert recipe.override(ran, trial.params) == ran  # the run had the values that were chosen for it
        assert math.isfinite(trial.value or math.nan)
        (wandb,) = run.glob("wandb/offline-run-*/run-*.wandb")
        assert sweep.study.encode() in wandb.read_bytes()  # its group
