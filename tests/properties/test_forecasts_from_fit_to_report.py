"""A forecasting run from beginning to end: trained, killed and resumed, read back, tested, told in results.json."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning.callbacks import Callback

from unrolled.config import recipe
from unrolled.errors import InputError
from unrolled.runs import checkpoints
from unrolled.runs.build import build_data, parse
from unrolled.runs.evaluate import evaluate
from unrolled.runs.fit import fit
from unrolled.runs.restore import restore

FIGURES = {"loss", "free_running_mse", "free_running_mae", "teacher_forced_mse", "exposure_gap"}
FIGURES |= {"rmse", "mase", "smape"}
ALONE = "val/free_running_mse"
INTERVALS = {"gaussian": {"weighted_quantile_loss", "coverage_80"}, "point": set()}  # in the test alone


@pytest.fixture(autouse=True)
def no_wandb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")


def written(name: str, output: str = "point", **data: Any) -> dict[str, Any]:
    form = {
        "task": {"Forecasting": {"output": output}},
        "architecture": {"class_path": "LSTM", "init_args": {"hidden_size": 5}},
        "strategies": [{"ClipNorm": {"max_norm": 1.0}}],
        "optimizer": {"class_path": "SGD", "init_args": {"lr": 0.01, "momentum": 0.9}},
        "data": {"class_path": name, "init_args": {"horizon": 6, "context": 12, "batches": 7, "batch_size": 4, **data}},
        "trainer": {"max_epochs": 2, "accelerator": "cpu", "log_every_n_steps": 1},
        "checkpoint_every": 2,
    }
    return parse(recipe.normalise(form, "test"))


class Stop(Callback):
    """Fail behind batch number `batch`, as a kill would."""

    def __init__(self, batch: int) -> None:
        self.batch = batch

    def on_train_batch_end(self, trainer: Any, *args: Any) -> None:
        if trainer.global_step == self.batch:
            raise KeyError("stopped")


@pytest.mark.parametrize(("name", "output"), [("Sunspots", "gaussian"), ("CO2", "point")])
def test_a_run_is_resumed_bitwise_then_read_back_and_tested(tmp_path: Path, name: str, output: str) -> None:
    whole, folder = tmp_path / "whole", tmp_path / "stopped"
    final = fit(written(name, output), whole, progress=False)
    with pytest.raises(KeyError):
        fit(written(name, output), folder, callbacks=[Stop(9)], progress=False)  # in the second epoch
    assert fit(written(name, output), folder, resume=True, progress=False) == final
    assert (folder / "metrics.csv").read_text() == (whole / "metrics.csv").read_text()
    assert {f"val/{figure}" for figure in FIGURES} <= final.keys()

    task, saved = restore(folder)  # from the checkpoint alone
    best = checkpoints.load(folder / "checkpoints" / "best.ckpt")
    assert all(torch.equal(value, task.state_dict()[key]) for key, value in best["state_dict"].items())
    assert saved[name]["sizes"].items() <= dict(task.hparams).items()

    results = evaluate(folder, progress=False)
    assert json.loads((folder / "results.json").read_text()) == results
    assert results["metrics"].keys() == {f"test/{figure}" for figure in FIGURES | INTERVALS[output]}
    assert results["baseline_metric"] == "free_running_mse"
    assert results["baselines"] == build_data(written(name)).baselines("test")
    assert [step["step"] for step in results["by_horizon"]] == [1, 2, 3, 4, 5, 6]
    assert results["baseline_errors"] == build_data(written(name)).baseline_errors("test")
    assert len(results["example"]["forecast"]) == len(results["example"]["truth"]) == 6
    mean = sum(step["free_running_mse"] for step in results["by_horizon"]) / 6
    assert results["metrics"]["test/free_running_mse"] == pytest.approx(mean, rel=1e-6)

    validated = evaluate(folder, "valid", progress=False)
    assert validated["metrics"].keys() == {f"val/{figure}" for figure in FIGURES}
    assert validated["baselines"] == build_data(written(name)).baselines("valid")


def test_a_checkpoint_of_another_horizon_or_other_parts_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        fit(written("Sunspots"), tmp_path, callbacks=[Stop(3)], progress=False)
    for other in ({"horizon": 7}, {"valid_fraction": 0.2}):
        with pytest.raises(InputError, match="checkpoint: it was trained on a series of horizon 6, .*, this one") as e:
            fit(written("Sunspots", **other), tmp_path, resume=True, progress=False)
        assert "\n" not in str(e.value)


def test_data_of_another_kind_are_refused_by_name() -> None:
    from unrolled.runs.build import build

    wrong = written("Sunspots")
    wrong["data"] = {"class_path": "AddingProblem", "init_args": {"length": 9}}
    with pytest.raises(InputError, match="task: Forecasting needs data with channels and context and horizon, but"):
        build(wrong)


def test_the_best_checkpoint_is_the_one_that_runs_alone_best(tmp_path: Path) -> None:
    """Not the one of the lowest loss, which reads the truth."""
    form = written("Sunspots")
    form["trainer"]["max_epochs"] = 6
    form["optimizer"]["init_args"]["lr"] = 0.05
    fit(form, tmp_path, progress=False)
    rows = [*csv.DictReader((tmp_path / "metrics.csv").read_text().splitlines())]
    told = {name: [float(row["value"]) for row in rows if row["name"] == name] for name in ("val/loss", ALONE)}
    assert len(told[ALONE]) == 6
    assert told[ALONE].index(min(told[ALONE])) != told["val/loss"].index(min(told["val/loss"]))
    best = checkpoints.load(tmp_path / "checkpoints" / "best.ckpt")
    assert best["epoch"] == told[ALONE].index(min(told[ALONE]))


def test_a_stream_is_refused_where_no_strategy_carries_the_state(tmp_path: Path) -> None:
    form = written("Sunspots", sampling="stream", sequence_length=8)
    with pytest.raises(InputError, match="expected the strategy CarriedState, since a piece of a stream continues"):
        fit(form, tmp_path / "run", progress=False)
    form["strategies"] = {"CarriedState": {}}
    fit(form, tmp_path / "carried", progress=False)
