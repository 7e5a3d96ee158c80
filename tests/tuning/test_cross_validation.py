"""Cross-validation: every fold runs once with what was chosen, the mean decides, the table tells them all."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unrolled.errors import InputError
from unrolled.tuning import sweep_file
from unrolled.tuning.launcher import launch, summary
from unrolled.tuning.study_folder import prepare_study

from .conftest import RATE, WriteSweep, study_in
from .test_worker import FOLDER, states, work

FOLDED: dict[str, Any] = {
    "folds": 3,
    "trials": 3,
    "workers": 1,
    "space": {RATE: {"categorical": [0.01, 0.1, 1.0]}},
    "sampler": {"BruteForceSampler": {"seed": 1}},
    "overrides": {"task": "SequenceClassification", "data": "Digits"},
}


@pytest.fixture
def ready(write_sweep: WriteSweep) -> Callable[..., Any]:
    def make(**changes: Any) -> sweep_file.Sweep:
        sweep = sweep_file.read_sweep(write_sweep(**(FOLDED | changes)))
        prepare_study(sweep, FOLDER, "sweep.yaml")
        return sweep

    return make


def test_each_choice_runs_on_every_fold_and_is_worth_the_mean(ready: Callable[..., Any]) -> None:
    ready()
    trials = work("folded")
    assert states(trials) == ["COMPLETE"] * 3
    assert sorted(trial.params[RATE] for trial in trials) == [0.01, 0.1, 1.0]  # each once
    for trial in trials:
        for fold in range(3):
            run = json.loads((FOLDER / f"trials/{trial.number}/fold-{fold}/given").read_text())
            assert run == {"folds": 3, "fold": fold, "rate": trial.params[RATE]}
        scores = [trial.params[RATE] + fold for fold in range(3)]
        assert trial.user_attrs["folds"] == scores and trial.value == pytest.approx(sum(scores) / 3, abs=1e-12)
        assert trial.intermediate_values == pytest.approx({n: sum(scores[:n]) / n for n in (1, 2, 3)}, abs=1e-12)


def test_the_table_of_folds_stands_in_front_of_the_best(ready: Callable[..., Any]) -> None:
    sweep = ready()
    work("folded")
    lines = summary(study_in(FOLDER), sweep, FOLDER).splitlines()
    assert lines[0].split() == ["trial", "lr", "fold", "0", "fold", "1", "fold", "2", "mean", "sd"]
    rows = [line.split()[1:] for line in lines[1:4]]
    assert rows == [
        ["0.01", "0.0100", "1.0100", "2.0100", "1.0100", "1.0000"],
        ["0.1", "0.1000", "1.1000", "2.1000", "1.1000", "1.0000"],
        ["1", "1.0000", "2.0000", "3.0000", "2.0000", "1.0000"],
    ]
    assert lines[4].startswith("best of 3 trials") and lines[5] == f"  --{RATE} 0.01"


def test_a_hopeless_choice_is_pruned_between_two_folds(ready: Callable[..., Any]) -> None:
    ready(pruner={"ThresholdPruner": {"upper": 1.05}})  # the mean of all three folds is never looked at
    trials = work("folded")
    by_rate = {trial.params[RATE]: trial for trial in trials}
    assert by_rate[1.0].state.name == "PRUNED" and by_rate[1.0].user_attrs["folds"] == [1.0, 2.0]
    assert by_rate[0.1].state.name == "COMPLETE" and by_rate[0.1].value > 1.05
    assert not (FOLDER / f"trials/{by_rate[1.0].number}/fold-2").exists()


def test_a_fold_that_fails_fails_its_trial(ready: Callable[..., Any]) -> None:
    ready(trials=1, space={RATE: {"categorical": [0.01]}})
    failed = work("second_fold_is_nan")
    assert set(states(failed)) == {"FAIL"} and failed[0].user_attrs["failure"] == "val/loss is nan"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"folds": 0}, "folds: expected an integer of 1 or more, got 0"),
        ({"folds": 2.5}, "folds: expected an integer of 1 or more, got 2.5"),
        ({"overrides": {}}, "sweep.yaml: folds: unknown key 'data.init_args.fold"),
    ],
    ids=str,
)
def test_folds_that_cannot_be_are_refused(write_sweep: WriteSweep, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        launch(write_sweep(**(FOLDED | changes)), train="standin:folded")


def test_another_number_of_folds_is_another_study(ready: Callable[..., Any]) -> None:
    ready()
    with pytest.raises(InputError, match=r"expected folds = 3 as in the existing trials, got 4"):
        ready(folds=4)


def test_a_real_run_is_measured_on_its_held_out_fold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from unrolled.config import recipe
    from unrolled.tuning.trial_run import train

    monkeypatch.setenv("WANDB_MODE", "disabled")
    brief = {"trainer.max_epochs": 1, "trainer.limit_train_batches": 2, "architecture.init_args.hidden_size": 4}
    written = recipe.override(recipe.load("digits_rows"), brief | {"data.init_args.folds": 4, "data.init_args.fold": 3})
    metrics = train(written, tmp_path / "run", "study", lambda step, metrics: True)
    results = json.loads((tmp_path / "run/results.json").read_text())
    assert metrics["test/error_rate"] == results["metrics"]["test/error_rate"] and metrics["val/loss"] > 0


def test_a_fold_of_data_with_its_own_test_is_validation_and_the_test_is_not_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from unrolled.config import recipe
    from unrolled.runs.evaluate import evaluate
    from unrolled.tuning.trial_run import train

    monkeypatch.setenv("WANDB_MODE", "disabled")
    rows = "".join(f"{'test' if i % 4 == 0 else 'train'},film {i} {'ab'[i % 2]},{i % 2}\n" for i in range(80))
    (tmp_path / "mine.csv").write_text(f"part,text,label\n{rows}", encoding="utf-8")
    own = {"path": str(tmp_path / "mine.csv"), "split_column": "part", "folds": 3, "fold": 1, "batch_size": 8}
    changes = {f"data.init_args.{key}": value for key, value in own.items()} | {"trainer.max_epochs": 2}
    written = recipe.override(recipe.load("text_table"), changes)
    metrics = train(written, tmp_path / "run", "study", lambda step, metrics: True)
    assert not any(name.startswith("test/") for name in metrics)
    assert not (tmp_path / "run/results.json").exists()
    best = evaluate(tmp_path / "run", "valid", progress=False)["metrics"]
    assert {name: metrics[name] for name in best} == best  # of the best checkpoint, not of the last epoch
