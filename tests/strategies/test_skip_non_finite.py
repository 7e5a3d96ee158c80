"""SkipNonFinite: what a skipped step leaves alone, when it stops, and on whose word."""

import math

import pytest
import pytorch_lightning as pl
import torch

from conformance.training import assert_close, assert_same, fit, make, train, weights
from conformance.trouble import Spoil
from unrolled import compose
from unrolled.errors import RunFailed
from unrolled.strategies import CarriedState, ClipNorm, ClipValue, ClipWeights, ExponentialAveraging, SkipNonFinite
from unrolled.tasks import LanguageModeling

Skip = compose(LanguageModeling, SkipNonFinite)
COUNT = "strategy/skipped_steps"


class Watch(pl.Callback):
    """Weights and the optimiser's memory behind every batch."""

    def __init__(self):
        self.kept = []

    def on_train_batch_end(self, trainer, task, *_):
        memory = trainer.optimizers[0].state_dict()["state"]
        moments = {f"{i} {key}": value.clone() for i, held in memory.items() for key, value in held.items()}
        averages = {f"average {key}": value.clone() for key, value in getattr(task, "averages", {}).items()}
        self.kept.append(weights(task) | moments | averages)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("extra", ["alone", "clipped", "by value", "constrained and averaged"])
def test_a_skipped_step_changes_nothing(value, extra):
    others, given = {
        "alone": ((), {}),
        "clipped": ((ClipNorm,), {"max_norm": 0.1}),
        "by value": ((ClipValue,), {"max_value": 0.01}),
        "constrained and averaged": ((ClipWeights, ExponentialAveraging), {"bound": 0.2, "average_decay": 0.5}),
    }[extra]
    watch = Watch()
    run = train(compose(LanguageModeling, SkipNonFinite, *others), callbacks=[Spoil((3,), value), watch], **given)
    assert_close(watch.kept[3], watch.kept[2], 0)
    assert not torch.equal(watch.kept[4]["head.weight"], watch.kept[3]["head.weight"]), "and then it goes on"
    assert run.task.optimizer_steps == 8 and all(torch.isfinite(w).all() for w in run.weights.values())
    assert float(run.trainer.callback_metrics[COUNT]) == 1


@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad"])
def test_no_optimiser_moves_without_a_gradient(name, decay):
    watch = Watch()
    optimizer = {"class_path": name, "init_args": {"lr": 0.02, "weight_decay": decay}}
    train(Skip, optimizer=optimizer, callbacks=[Spoil((3,)), watch], trainer={"max_epochs": 1})
    assert_close(watch.kept[3], watch.kept[2], 0)


def test_it_stops_at_more_than_at_most_in_a_row():
    told = "SkipNonFinite: 2 steps in a row were skipped; optimiser step 5: .*its gradient is not finite"
    with pytest.raises(RunFailed, match=told) as caught:
        train(Skip, at_most=2, callbacks=[Spoil((2, 3, 4))])
    assert "\n" not in str(caught.value)
    run = train(Skip, at_most=2, callbacks=[Spoil((0, 1, 3, 4, 6, 7))])
    assert run.task.skipped.tolist() == [6, 2]


def test_at_zero_the_first_one_stops_as_without():
    with pytest.raises(RunFailed, match="^optimiser step 3: "):
        train(Skip, at_most=0, callbacks=[Spoil((2,))])


def test_a_loss_that_is_no_number_is_skipped_too():
    task = make(Skip)
    task.penalties = lambda hidden: {"mine": lambda: torch.tensor(math.inf if task.optimizer_steps == 1 else 0.0)}
    assert fit(task).task.skipped.tolist() == [1, 0]


def test_without_trouble_it_changes_no_bit():
    assert_same(train(Skip, at_most=3), train(LanguageModeling))


class SpoilState(pl.Callback):
    """One row of a carried state is no number."""

    def on_train_batch_start(self, trainer, task, batch, batch_idx):
        if task.optimizer_steps == 2:
            task.after = tuple(part.clone() for part in task.after)
            task.after[0][1] = float("nan")


def test_a_row_whose_state_is_no_number_starts_anew():
    task = {"callbacks": [SpoilState()], "trainer": {"max_epochs": 1}}
    run = train(compose(LanguageModeling, SkipNonFinite, CarriedState), at_most=1, **task)
    assert run.task.skipped.tolist() == [1, 0]
    with pytest.raises(RunFailed):
        train(compose(LanguageModeling, CarriedState), **task)


def test_accumulated_batches_are_skipped_together():
    class First(Spoil):
        def on_after_backward(self, trainer, task):
            if trainer.fit_loop.batch_idx == 0:
                super().on_after_backward(trainer, task)

    run = train(Skip, callbacks=[First((0,))], trainer={"accumulate_grad_batches": 2, "max_epochs": 1})
    assert run.task.skipped.tolist() == [1, 0] and run.task.optimizer_steps == 2
