"""Forecasts judged by two gloo processes that take the batches in turn, against one that takes them all."""

import numpy as np
import pytest
import pytorch_lightning as pl
import torch

from conformance.forecast_runs import Pieces
from conformance.forecast_windows import CHANNELS, C, H, pieces
from conformance.training import QUIET
from unrolled.tasks import DirectForecasting, Forecasting

LSTM = {"class_path": "LSTM", "init_args": {"hidden_size": 6}}


class Data(pl.LightningDataModule):
    def test_dataloader(self):
        return Pieces(pieces()[self.trainer.global_rank :: self.trainer.world_size], torch.float64)

    def baseline_errors(self, split):
        return {}

    def observed(self, split):
        return np.zeros((C, 2))


class Keep(pl.Callback):
    """Write down what a process ends with."""

    def __init__(self, path):
        self.path = path

    def on_test_end(self, trainer, task):
        steps = task.findings(trainer.datamodule, "test")["by_horizon"]
        logged = {name: float(value) for name, value in trainer.callback_metrics.items()}
        torch.save({"steps": steps, "logged": logged}, f"{self.path}-{trainer.world_size}-{trainer.global_rank}.pt")


@pytest.mark.filterwarnings("ignore:.*use `Trainer.devices=1..*")
@pytest.mark.parametrize("cls", [Forecasting, DirectForecasting])
def test_two_processes_find_what_one_finds_and_draw_the_same_paths(cls, tmp_path):
    for devices in (1, 2):
        torch.manual_seed(0)
        given = {"output": "gaussian", "architecture": LSTM, "channels": CHANNELS}
        task = cls(horizon=H, context=C, **given).double()
        runner = {"devices": devices, "strategy": "ddp_fork" if devices > 1 else "auto"}
        pl.Trainer(**QUIET, **runner, callbacks=[Keep(tmp_path / "found")]).test(task, Data(), verbose=False)
    one, *two = [torch.load(tmp_path / f"found-{place}.pt", weights_only=True) for place in ("1-0", "2-0", "2-1")]
    assert {"test/coverage_80", "test/weighted_quantile_loss", "test/mase"} <= one["logged"].keys()
    for found in two:
        assert found["logged"] == pytest.approx(one["logged"], rel=1e-6)  # logged in float32
        for here, there in zip(found["steps"], one["steps"], strict=True):
            assert here == pytest.approx(there, rel=1e-12)
