"""Evaluation of a language model over a whole split, and the units that are logged."""

import math

import pytest
import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from conformance.references.loops import Plain, nll
from conformance.token_streams import stream
from conformance.training import assert_close, fit, make, train, weights
from unrolled import compose
from unrolled.strategies import CarriedState, TruncatedBPTT
from unrolled.tasks import LanguageModeling


class Exact(pl.Callback):
    """The mean that the log rounds to float32."""

    def on_validation_epoch_end(self, trainer, task):
        self.loss = float(task.losses["val"].compute())

    def on_test_epoch_end(self, trainer, task):
        self.loss = float(task.losses["test"].compute())


@pytest.mark.parametrize("strategies", [(), (CarriedState, TruncatedBPTT)], ids=["plain", "carried"])
@pytest.mark.parametrize("stage", ["val", "test"])
def test_evaluation_is_one_long_pass_over_the_split(strategies, stage):
    """Whatever the training was: all rows at once, from the first step to the last, as plain torch computes it."""
    exact, split = Exact(), stream(columns=45, rows=4, seed=8)
    run = train(compose(LanguageModeling, *strategies), dtype=torch.float64, callbacks=[exact])
    evaluate = run.trainer.validate if stage == "val" else run.trainer.test
    (measured,) = evaluate(run.task, split, verbose=False)
    plain = Plain(run.weights)
    expected = float(nll(plain(split.inputs, plain.start(4))[0], split.targets).detach())
    assert exact.loss == pytest.approx(expected, rel=1e-12)
    assert measured[f"{stage}/loss"] == pytest.approx(expected, rel=1e-7)
    assert measured[f"{stage}/perplexity"] == pytest.approx(math.exp(expected), rel=1e-6)
    assert measured[f"{stage}/bits_per_character"] == pytest.approx(expected / math.log(2), rel=1e-6)


def test_a_nan_in_one_batch_of_the_split_is_not_hidden():
    run, calls = train(LanguageModeling), []

    def spoil(module, inputs, output):
        calls.append(output)
        return output * float("nan") if len(calls) == 2 else output

    run.task.head.register_forward_hook(spoil)
    (measured,) = run.trainer.validate(run.task, stream(20), verbose=False)
    assert len(calls) == 3 and math.isnan(measured["val/loss"])


def test_evaluating_twice_says_the_same_and_moves_nothing():
    run = train(LanguageModeling)
    before = weights(run.task)
    first, second = (run.trainer.validate(run.task, stream(20), verbose=False) for _ in range(2))
    assert first == second
    assert_close(weights(run.task), before, 0)


@pytest.mark.parametrize(
    ("level", "units"), [("character", {"perplexity", "bits_per_character"}), ("word", {"perplexity"})]
)
def test_the_units_that_are_logged(level, units):
    run = train(LanguageModeling, level=level, validation=stream(20), trainer={"log_every_n_steps": 2, "max_epochs": 1})
    logged = run.trainer.callback_metrics
    for stage in ("train", "val"):
        assert {name for name in logged if name.startswith(stage)} - {"train/grad_norm"} == {
            f"{stage}/{unit}" for unit in units | {"loss"}
        }
    loss = torch.stack(run.losses[2:]).mean()  # since the line before
    assert float(logged["train/loss"]) == pytest.approx(float(loss), rel=1e-6)
    assert float(logged["train/perplexity"]) == pytest.approx(math.exp(float(loss)), rel=1e-6)
    assert float(logged["step"]) == 4


def test_each_evaluation_starts_from_nothing():
    """Also where a loader of someone's own marks no row as fresh."""
    task = make(compose(LanguageModeling, CarriedState))
    loader = DataLoader([b._replace(resets=torch.zeros_like(b.resets)) for b in stream()], batch_size=None)
    trainer = fit(task, trainer={"max_epochs": 1}).trainer
    first, second = (trainer.validate(task, loader, verbose=False)[0]["val/loss"] for _ in range(2))
    assert first == second
