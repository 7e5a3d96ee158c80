"""SkipNonFinite: what a skipped step leaves alone, when it stops, and on whose word."""

import math

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.loggers.logger import Logger

from conformance.non_finite_gradients import Spoil
from conformance.training import assert_close, assert_same, fit, make, train, weights
from unrolled import compose
from unrolled.errors import RunFailed
from unrolled.strategies import (
    ActivationPenalty,
    CarriedState,
    ClipNorm,
    ClipValue,
    ClipWeights,
    ExponentialAveraging,
    LossScheduledSampling,
    SkipNonFinite,
)
from unrolled.tasks import LanguageModeling

Skip = compose(LanguageModeling, SkipNonFinite)
COUNT = "strategy/skipped_steps"


class Watch(pl.Callback):
    """Weights and the optimizer's memory behind every batch."""

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
def test_no_optimizer_moves_without_a_gradient(name, decay):
    watch = Watch()
    optimizer = {"class_path": name, "init_args": {"lr": 0.02, "weight_decay": decay}}
    train(Skip, optimizer=optimizer, callbacks=[Spoil((3,)), watch], trainer={"max_epochs": 1})
    assert_close(watch.kept[3], watch.kept[2], 0)


def test_it_stops_at_more_than_at_most_in_a_row():
    told = "SkipNonFinite: 2 steps in a row were skipped; optimizer step 5: .*its gradient is not finite"
    with pytest.raises(RunFailed, match=told) as caught:
        train(Skip, at_most=2, callbacks=[Spoil((2, 3, 4))])
    assert "\n" not in str(caught.value)
    run = train(Skip, at_most=2, callbacks=[Spoil((0, 1, 3, 4, 6, 7))])
    assert run.task.skipped.tolist() == [6, 2]


def test_at_zero_the_first_one_stops_as_without():
    with pytest.raises(RunFailed, match="^optimizer step 3: "):
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
            task.cursor.saved = tuple(part.clone() for part in task.cursor.saved)
            task.cursor.saved[0][1] = float("nan")


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


class Written(Logger):
    """The lines of the log."""

    name, version = "written", 0

    def __init__(self):
        super().__init__()
        self.lines = []

    def log_metrics(self, metrics, step=None):
        self.lines.append(metrics)

    def log_hyperparams(self, *args, **kwargs):
        pass


class SpoilLoss(pl.Callback):
    """Every output is `value` while the batch of some optimizer steps, counted from 0, is read."""

    def __init__(self, steps, value=math.nan):
        self.steps, self.value = steps, value

    def on_train_batch_start(self, trainer, task, batch, batch_idx):
        spoilt = task.optimizer_steps in self.steps
        self.hook = task.head.register_forward_hook(lambda _, __, out: out + self.value) if spoilt else None

    def on_train_batch_end(self, *_):
        if self.hook:
            self.hook.remove()


def log(spoilt, cls=Skip, every=4, **given):
    trainer = {"logger": Written(), "log_every_n_steps": every, "max_epochs": 1}
    run = train(cls, callbacks=[spoilt], trainer=trainer, at_most=4, **given)
    return run, [line for line in trainer["logger"].lines if COUNT in line]


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_a_skipped_step_measured_enters_no_mean(value):
    """One line for four steps: the means of the three that were taken, beside the count of the other."""
    cls = compose(LanguageModeling, SkipNonFinite, ActivationPenalty, ClipNorm)
    given = {"alpha": 0.1, "max_norm": 0.1}
    run, (line,) = log(SpoilLoss((1,), value), cls, **given)
    taken = [number for number in range(4) if number != 1]
    assert line[COUNT] == 1 and all(math.isfinite(mean) for mean in line.values())
    norms = [torch.cat([g.flatten() for g in run.gradients[step].values()]).norm() for step in taken]
    assert line["train/grad_norm"] == pytest.approx(float(torch.stack(norms).mean()), rel=1e-5)
    sums = line["train/loss"] + line["strategy/activation_penalty"]
    assert sums == pytest.approx(float(torch.stack([run.losses[step] for step in taken]).mean()), rel=1e-5)


def test_a_line_of_skipped_steps_alone_is_their_count():
    _, lines = log(SpoilLoss((0, 2)), every=1)
    assert [line[COUNT] for line in lines] == [1, 1, 2, 2]
    assert ["train/loss" in line for line in lines] == [False, True, False, True]
    assert all(math.isfinite(mean) for line in lines for mean in line.values())


def test_accumulated_batches_enter_the_means_together():
    class First(SpoilLoss):
        def on_train_batch_start(self, trainer, task, batch, batch_idx):
            self.steps = (task.optimizer_steps,) if batch_idx == 0 else ()
            super().on_train_batch_start(trainer, task, batch, batch_idx)

    trainer = {"logger": Written(), "log_every_n_steps": 2, "max_epochs": 1, "accumulate_grad_batches": 2}
    run = train(Skip, callbacks=[First(())], trainer=trainer)
    (line,) = [line for line in trainer["logger"].lines if COUNT in line]
    assert run.task.skipped.tolist() == [1, 0] and line[COUNT] == 1
    two = 2 * torch.stack(run.losses[2:]).mean()  # a half of each batch's loss is what goes back
    assert line["train/loss"] == pytest.approx(float(two), rel=1e-5)


def test_a_schedule_by_the_loss_does_not_meet_a_skipped_one():
    cls, given = compose(LanguageModeling, SkipNonFinite, LossScheduledSampling), {"high": 1.95, "low": 1.0}
    run, _ = log(SpoilLoss((1,)), cls, start=0.9, end=0.2, **given)
    assert run.task.skipped.tolist() == [1, 0] and torch.isfinite(run.task.mean_loss)
