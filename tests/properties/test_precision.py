"""bfloat16 by autocast: whatever is read outside of a training step is read in it too."""

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from conformance.token_streams import B, T, V, restarting
from conformance.training import SaveAfter, fit, make, train
from unrolled import compose
from unrolled.architectures import fused_call
from unrolled.errors import RunFailed
from unrolled.functional.batch import IGNORE, SequenceBatch
from unrolled.strategies import AdaptiveTruncation, CarriedState, TruncatedBPTT
from unrolled.tasks import LanguageModeling

BF16 = {"precision": "bf16-mixed"}


def holes():
    """A stream whose batches end with steps without a target, behind the last window that is trained on."""
    random, made = torch.Generator().manual_seed(3), []
    for _ in range(6):
        inputs, targets = torch.randint(V, (2, B, T), generator=random)
        targets[:, 4:] = IGNORE
        made.append(SequenceBatch(inputs, targets, torch.zeros(B, T, dtype=torch.bool)))
    return DataLoader(made, batch_size=None)


@pytest.mark.parametrize("cell", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize(
    ("truncation", "given"),
    [
        (TruncatedBPTT, {"k1": 2}),
        (TruncatedBPTT, {"k1": 2, "k2": 3}),
        (TruncatedBPTT, {"k1": 2, "k2": 3, "past": "recomputed"}),
        (AdaptiveTruncation, {"shortest": 2, "longest": 4, "lags": 3, "estimate_every": 2}),
    ],
)
def test_a_carried_state_reads_on_behind_the_last_window(cell, truncation, given):
    architecture = {"class_path": cell, "init_args": {"hidden_size": 6}}
    cls = compose(LanguageModeling, truncation, CarriedState)
    wide, narrow = (
        fit(make(cls, architecture=architecture, **given), holes(), trainer=precision) for precision in ({}, BF16)
    )
    for a, b in zip(wide.task.cursor.saved, narrow.task.cursor.saved, strict=True):
        torch.testing.assert_close(b.float(), a, rtol=0.1, atol=0.1)
    assert wide.task.optimizer_steps == narrow.task.optimizer_steps


@pytest.mark.parametrize("cell", ["RNN", "GRU", "LSTM"])
def test_a_checkpoint_resumes_on_a_cpu_without_the_kernel(cell, tmp_path, monkeypatch):
    """And a run that never had the kernel ends with the same weights, up to rounding."""
    given = {
        "architecture": {"class_path": cell, "init_args": {"hidden_size": 6}},
        "trainer": BF16,
        "loader": restarting(),
    }
    cls = compose(LanguageModeling, TruncatedBPTT, CarriedState)
    path = tmp_path / "last.ckpt"
    with_kernel = train(cls, k1=2, callbacks=[SaveAfter(3, path)], **given)
    monkeypatch.setattr(fused_call, "has_kernel", lambda *asked: False)
    for run in (train(cls, k1=2, **given), train(cls, k1=2, resume=path, **given)):
        for a, b in zip(run.task.cursor.saved, with_kernel.task.cursor.saved, strict=True):
            torch.testing.assert_close(a.float(), b.float(), rtol=0.1, atol=0.1)
        for name, weight in with_kernel.weights.items():
            torch.testing.assert_close(run.weights[name], weight, rtol=0.1, atol=0.1, msg=name)


def test_16_mixed_is_bf16_mixed_on_a_cpu():
    """Lightning replaces it, and says so; torch's own loss scaler serves GPUs alone."""
    with pytest.warns(UserWarning, match="fp16 is not supported on CPU"):
        run = train(LanguageModeling, trainer={"precision": "16-mixed"})
    assert run.trainer.precision == "bf16-mixed" and all(loss.isfinite() for loss in run.losses)


@pytest.mark.parametrize("precision", ["bf16-true", "16-true"])
@pytest.mark.parametrize("cell", ["RNN", "GRU", "LSTM"])
def test_weights_of_16_bits_train(cell, precision):
    given = {
        "architecture": {"class_path": cell, "init_args": {"hidden_size": 6}},
        "optimizer": {"class_path": "SGD", "init_args": {"lr": 0.5}},  # Adam's eps of 1e-8 is 0 in float16
    }
    wide = train(LanguageModeling, **given)
    narrow = train(LanguageModeling, trainer={"precision": precision}, **given)
    torch.testing.assert_close(torch.stack(narrow.losses).float(), torch.stack(wide.losses), rtol=0.05, atol=0.05)


class Spoil(pl.Callback):
    def on_train_batch_start(self, trainer, task, batch, batch_idx):
        if batch_idx == 2:
            with torch.no_grad():
                task.head.weight[0, 0] = float("nan")


def test_a_nan_is_found_with_a_carried_state():
    with pytest.raises(RunFailed, match="first bad module is head"):
        fit(make(compose(LanguageModeling, CarriedState)), holes(), callbacks=[Spoil()], trainer=BF16)


def test_the_log_sums_up_in_float32_at_least():
    task = make(LanguageModeling)
    for _ in range(1000):
        task.record("x", torch.tensor(1.0, dtype=torch.bfloat16))
        task.record("y", 0.1)
        task.record("z", torch.tensor(3))
    (x, y, z), counts = zip(*task.training_metrics.records.values(), strict=True)
    assert float(x) == 1000 and counts == (1000,) * 3 and float(z) == 3000
    assert float(y) == pytest.approx(100, rel=1e-5) and y.dtype == torch.float32
