"""Labelled rows in two gloo processes against one with the same global batch, in float64."""

from datetime import timedelta

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.strategies import DDPStrategy

from conformance.training import assert_close, fit, weights
from unrolled import compose
from unrolled.data.sequences.labelled_series import LabelledSeries, Series
from unrolled.strategies import CarriedState, ClipNorm
from unrolled.tasks import SequenceClassification

ROWS = 6  # of all processes together


class Made(LabelledSeries):
    """30 series of 1 to 9 steps; the last group of each epoch has rows for one process of two alone."""

    def load(self):
        draw = torch.Generator().manual_seed(2)
        made = [
            Series(torch.randn(1 + number % 9, 2, generator=draw, dtype=torch.float64), "abc"[number % 3])
            for number in range(30)
        ]
        return {"train": made[:25], "valid": made[25:], "test": made[25:]}


class Keep(pl.Callback):
    def __init__(self, folder):
        self.folder = folder

    def on_train_end(self, trainer, task):
        logged = {name: float(value) for name, value in trainer.callback_metrics.items()}
        kept = {"weights": weights(task), "logged": logged, "steps": task.optimizer_steps}
        torch.save(kept, self.folder / f"{trainer.world_size}-{trainer.global_rank}.pt")


def run(folder, processes, data, *strategies, bidirectional=False, pool="attention"):
    """What each process of a run keeps."""
    torch.manual_seed(0)
    task = compose(SequenceClassification, ClipNorm, *strategies)(
        classes=3,
        input_size=2,
        pool=pool,
        shortcut=True,
        max_norm=0.3,
        architecture={"class_path": "LSTM", "init_args": {"hidden_size": 4, "bidirectional": bidirectional}},
        optimizer={"class_path": "SGD", "init_args": {"lr": 0.3}},
    ).double()
    gloo = DDPStrategy(start_method="fork", process_group_backend="gloo", timeout=timedelta(seconds=120))
    trainer = {"devices": processes, "strategy": gloo if processes > 1 else "auto", "max_epochs": 3}
    made = Made(batch_size=ROWS // processes, eval_batch_size=2, **data)
    fit(task, made, callbacks=[Keep(folder)], trainer=trainer)
    return [torch.load(folder / f"{processes}-{rank}.pt", weights_only=True) for rank in range(processes)]


@pytest.mark.parametrize(
    ("strategies", "data", "given"),
    [
        ((), {}, {}),
        ((), {}, {"bidirectional": True, "pool": "last"}),
        ((), {"max_length": 4, "over_long": "truncate"}, {"pool": "max"}),
        ((CarriedState,), {"max_length": 4, "over_long": "chunk"}, {}),
    ],
    ids=["one direction", "both directions", "truncated", "in chunks"],
)
def test_two_processes_equal_one(strategies, data, given, tmp_path):
    (one,) = run(tmp_path, 1, data, *strategies, **given)
    first, second = run(tmp_path, 2, data, *strategies, **given)
    assert_close(first["weights"], second["weights"], 0)
    assert_close(first["weights"], one["weights"])
    assert first["steps"] == second["steps"] == one["steps"] >= 3 * 5
    assert first["logged"] == pytest.approx(one["logged"], rel=1e-6)
    assert {"train/loss", "val/loss", "val/accuracy", "val/f1"} <= first["logged"].keys()
