"""A run on generated data from beginning to end: trained, killed and resumed, read back, tested, refused."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning.callbacks import Callback

from unrolled.config import recipe
from unrolled.errors import InputError
from unrolled.runs import checkpoints
from unrolled.runs.build import parse
from unrolled.runs.evaluate import evaluate
from unrolled.runs.fit import fit
from unrolled.runs.inference.generate import generate
from unrolled.runs.restore import restore

RUNS: dict[str, dict[str, Any]] = {
    "AddingProblem": {
        "task": "SequenceRegression",
        "data": {"length": 9, "batch_size": 4},
        "metrics": {"test/loss", "test/mse"},
        "baselines": ("mse", "constant"),
    },
    "CopyMemory": {
        "task": "SequenceTagging",
        "data": {"delay": 3, "length": 3, "batch_size": 4},
        "metrics": {"test/loss", "test/nats_per_target", "test/accuracy", "test/error_rate"},
        "baselines": ("nats_per_target", "memoryless"),
    },
    "TemporalOrder": {
        "task": {"SequenceTagging": {"embedding_size": 3, "dropout": 0.2}},
        "data": {"length": 12, "batch_size": 4},
        "metrics": {"test/loss", "test/nats_per_target", "test/accuracy", "test/error_rate"},
        "baselines": ("nats_per_target", "chance"),
    },
    "MultiplicationProblem": {
        "task": "SequenceRegression",
        "data": {"length": 9, "batch_size": 4},
        "metrics": {"test/loss", "test/mse"},
        "baselines": ("mse", "constant"),
    },
    "Parity": {
        "task": "SequenceClassification",
        "data": {"length": 9, "test_length": 20, "batch_size": 4},
        "metrics": {"test/loss", "test/nats_per_target", "test/accuracy", "test/f1", "test/error_rate"},
        "baselines": ("nats_per_target", "chance"),
        "unit": "sequence",
    },
    "InfluenceBalancing": {
        "task": {"SequenceRegression": {"readout": "identity"}},
        "architecture": "InfluenceNetwork",
        "data": {"length": 9},
        "metrics": {"test/loss", "test/mse"},
        "baselines": ("mse", "state at zero"),
    },
}
each_run = pytest.mark.parametrize("name", RUNS)


@pytest.fixture(autouse=True)
def no_wandb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")


def written(name: str) -> dict[str, Any]:
    made = RUNS[name]
    form = {
        "task": made["task"],
        "architecture": made.get("architecture", {"class_path": "LSTM", "init_args": {"hidden_size": 5}}),
        "strategies": [{"TruncatedBPTT": {"k1": 4}}, "CarriedState"],
        "optimizer": {"class_path": "SGD", "init_args": {"lr": 0.001, "momentum": 0.9}},
        "data": {"class_path": name, "init_args": {"batches": 7, "eval_batches": 2, **made["data"]}},
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


@each_run
def test_a_run_is_resumed_bitwise_then_read_back_and_tested(tmp_path: Path, name: str) -> None:
    whole, folder = tmp_path / "whole", tmp_path / "stopped"
    final = fit(written(name), whole, progress=False)
    with pytest.raises(KeyError):
        fit(written(name), folder, callbacks=[Stop(9)], progress=False)  # in the second epoch; saved behind batch 8
    assert fit(written(name), folder, resume=True, progress=False) == final
    assert (folder / "metrics.csv").read_text() == (whole / "metrics.csv").read_text()

    task, saved = restore(folder)  # from the checkpoint alone
    best = checkpoints.load(folder / "checkpoints" / "best.ckpt")
    assert all(torch.equal(value, task.state_dict()[key]) for key, value in best["state_dict"].items())
    assert saved[name]["sizes"].items() <= dict(task.hparams).items()

    results = evaluate(folder, progress=False)
    assert json.loads((folder / "results.json").read_text()) == results
    metric, baseline = RUNS[name]["baselines"]
    assert results["metrics"].keys() == RUNS[name]["metrics"] and f"test/{metric}" in results["metrics"]
    assert (results["baseline_metric"], [*results["baselines"]]) == (metric, [baseline])
    assert "sample" not in results and results["unit"] == RUNS[name].get("unit", "step")
    assert evaluate(folder, "valid", progress=False)["metrics"].keys() == {
        name.replace("test", "val") for name in RUNS[name]["metrics"]
    }
    task_name = next(iter(written(name)["task"]))
    with pytest.raises(InputError, match=f"expected a run of LanguageModeling, got one of {task_name}; give") as e:
        generate(folder, "a", 5)
    assert "\n" not in str(e.value)


def test_a_checkpoint_of_other_data_is_refused(tmp_path: Path) -> None:
    fit(written("AddingProblem"), tmp_path / "a", progress=False)
    fit(written("InfluenceBalancing"), tmp_path / "b", progress=False)
    other = tmp_path / "b" / "checkpoints" / "last.ckpt"
    with pytest.raises(InputError, match="expected a checkpoint trained on AddingProblem, got one of other data"):
        evaluate(tmp_path / "a", checkpoint=other, progress=False)


def test_another_number_of_batches_is_refused(tmp_path: Path) -> None:
    small = written("CopyMemory")
    with pytest.raises(KeyError):
        fit(small, tmp_path / "run", callbacks=[Stop(3)], progress=False)
    small["data"]["init_args"]["batches"] = 8
    with pytest.raises(InputError, match="expected 8 batches in an epoch, got 7; resume with the same data.init_args"):
        fit(small, tmp_path / "run", resume=True, progress=False)
