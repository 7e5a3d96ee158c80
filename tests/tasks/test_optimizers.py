"""Torch's optimisers and schedulers by name."""

import pytest
import torch

from conformance.streams import stream
from conformance.training import assert_same, fit, make, train
from unrolled.errors import InputError
from unrolled.tasks import LanguageModeling


def of(name, **arguments):
    return {"class_path": name, "init_args": arguments}


def configured(optimizer, scheduler=None):
    return make(LanguageModeling, optimizer=optimizer, lr_scheduler=scheduler).configure_optimizers()


def test_a_name_with_its_module_and_without():
    for name in ("AdamW", "torch.optim.AdamW"):
        made = configured(of(name, lr=0.5, weight_decay=0.1))
        assert type(made) is torch.optim.AdamW and made.defaults["lr"] == 0.5 and made.defaults["weight_decay"] == 0.1


def test_it_gets_each_weight_once_and_none_that_is_frozen():
    task = make(LanguageModeling, tied=True, embedding_size=6)
    task.head.bias.requires_grad_(False)
    (group,) = task.configure_optimizers().param_groups
    assert {id(p) for p in group["params"]} == {id(p) for p in task.parameters()} - {id(task.head.bias)}
    assert len(group["params"]) == 5


@pytest.mark.parametrize(("interval", "exponents"), [("step", range(8)), ("epoch", [0] * 4 + [1] * 4)])
def test_a_scheduler_steps_by_batch_or_by_epoch(interval, exponents):
    rates = []

    class Listen(LanguageModeling):
        def on_before_optimizer_step(self, optimizer):
            rates.append(optimizer.param_groups[0]["lr"])

    scheduler = {**of("ExponentialLR", gamma=0.5), "interval": interval}
    train(Listen, optimizer=of("SGD", lr=1.0), lr_scheduler=scheduler)
    assert rates == [0.5**k for k in exponents]


def test_a_scheduler_that_watches_a_metric():
    scheduler = {**of("ReduceLROnPlateau", mode="max", factor=0.1, patience=0), "monitor": "val/loss"}
    run = train(LanguageModeling, lr_scheduler=scheduler, validation=stream(20), trainer={"max_epochs": 3})
    assert run.trainer.optimizers[0].param_groups[0]["lr"] < 0.02  # the loss falls, so "max" sees a plateau


def test_the_same_seed_gives_the_same_run():
    assert_same(train(LanguageModeling, optimizer=of("RMSprop")), train(LanguageModeling, optimizer=of("RMSprop")))


@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        (None, "optimizer: expected .* got none"),
        (of("Adan"), "optimizer.*'Adan'.*mean Adam"),
        (of("os.system"), "optimizer.*'os.system'"),
        (of("torch.nn.Linear"), "optimizer.*'torch.nn.Linear'"),
        (of("Optimizer"), "optimizer.*'Optimizer'"),
        (of("lr_scheduler.StepLR"), "optimizer.*'lr_scheduler.StepLR'"),
        (of("Adam", rate=1), "optimizer: Adam.*rate"),
        (of("Adam", lr=-1.0), "optimizer: Adam.*-1"),
    ],
    ids=str,
)
def test_a_wrong_optimiser_is_refused_in_one_line(optimizer, message):
    task = make(LanguageModeling, optimizer=optimizer)
    with pytest.raises(InputError, match=message) as caught:
        fit(task)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("scheduler", "message"),
    [
        (of("StepLr", step_size=1), "lr_scheduler.*'StepLr'.*mean StepLR"),
        (of("Adam"), "lr_scheduler.*'Adam'"),
        (of("LambdaLR", lr_lambda=1.0), "lr_scheduler.*'LambdaLR'"),
        (of("StepLR"), "lr_scheduler: StepLR.*step_size"),
        ({**of("StepLR", step_size=1), "interval": "batch"}, "lr_scheduler.*interval.*batch"),
        (of("ReduceLROnPlateau"), "lr_scheduler.*monitor"),
    ],
    ids=str,
)
def test_a_wrong_scheduler_is_refused_in_one_line(scheduler, message):
    task = make(LanguageModeling, lr_scheduler=scheduler)
    with pytest.raises(InputError, match=message) as caught:
        fit(task)
    assert "\n" not in str(caught.value)
