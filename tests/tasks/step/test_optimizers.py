"""Torch's optimizers and schedulers by name."""

import math

import pytest
import torch
from pytorch_lightning.callbacks import Callback

from conformance.references import loops
from conformance.token_streams import restarting, stream
from conformance.training import SaveAfter, assert_close, assert_same, fit, make, train, weights
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
            super().on_before_optimizer_step(optimizer)
            rates.append(optimizer.param_groups[0]["lr"])

    scheduler = {**of("ExponentialLR", gamma=0.5), "interval": interval}
    train(Listen, optimizer=of("SGD", lr=1.0), lr_scheduler=scheduler)
    assert rates == [0.5**k for k in exponents]


def test_a_scheduler_that_watches_a_metric():
    scheduler = {**of("ReduceLROnPlateau", mode="max", factor=0.1, patience=0), "monitor": "val/loss"}
    run = train(LanguageModeling, lr_scheduler=scheduler, validation=stream(20), trainer={"max_epochs": 3})
    assert run.trainer.optimizers[0].param_groups[0]["lr"] < 0.02  # the loss falls, so "max" sees a plateau


OPTIMIZERS = {
    "SGD": ("SGD", {"lr": 0.5}),
    "momentum": ("SGD", {"lr": 0.2, "momentum": 0.9, "dampening": 0.1}),
    "Nesterov": ("SGD", {"lr": 0.2, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    "Adagrad": ("Adagrad", {"lr": 0.05, "lr_decay": 0.01}),
    "RMSprop": ("RMSprop", {"lr": 0.005, "alpha": 0.9, "momentum": 0.5, "centered": True}),
    "Adam": ("Adam", {"lr": 0.02, "betas": [0.8, 0.99]}),
    "AdamW": ("AdamW", {"lr": 0.02, "weight_decay": 0.1, "amsgrad": True}),
    "ASGD": ("ASGD", {"lr": 0.2, "t0": 3}),
}
FUSED = {key: OPTIMIZERS[key] for key in ("SGD", "momentum", "Nesterov", "Adagrad", "Adam", "AdamW")}


@pytest.mark.parametrize("key", OPTIMIZERS)
@pytest.mark.parametrize("fused", [False, True])
def test_each_optimizer_equals_a_loop_by_hand_bit_for_bit(key, fused):
    if fused and key not in FUSED:
        return
    name, arguments = OPTIMIZERS[key]
    arguments = {**arguments, **({"fused": True} if fused else {})}
    plain = loops.Plain(weights(make(LanguageModeling)))
    begin = weights(plain)
    loops.full(plain, getattr(torch.optim, name)(plain.parameters(), **arguments), [*restarting(), *restarting()])
    run = train(LanguageModeling, loader=restarting(), optimizer=of(name, **arguments))
    for weight, value in weights(plain).items():
        assert torch.equal(run.weights[weight], value) and not torch.equal(value, begin[weight]), weight


@pytest.mark.parametrize("key", FUSED)
def test_fused_is_the_same_arithmetic(key):
    """Plain SGD to the last bit; the others round in another order."""
    name, arguments = FUSED[key]
    given = {"loader": restarting(), "dtype": torch.float64}
    alone = train(LanguageModeling, optimizer=of(name, **arguments), **given)
    fused = train(LanguageModeling, optimizer=of(name, **arguments, fused=True), **given)
    assert_close(fused.weights, alone.weights, 1e-12)
    if key == "SGD":
        assert_same(fused, alone)


class Rates(Callback):
    """The learning rate of each batch, and what was logged as the validation loss behind each epoch."""

    def __init__(self):
        self.rates, self.losses = [], []

    def on_before_optimizer_step(self, trainer, task, optimizer):
        self.rates.append(optimizer.param_groups[0]["lr"])

    def on_validation_end(self, trainer, task):
        self.losses.append(float(trainer.callback_metrics["val/loss"]))


def rates(scheduler, epochs=2, lr=1.0, **given):
    watch = Rates()
    callbacks = [watch, *given.pop("callbacks", [])]
    run = train(
        LanguageModeling,
        optimizer=of("SGD", lr=lr),
        lr_scheduler=scheduler,
        callbacks=callbacks,
        trainer={"max_epochs": epochs},
        **given,
    )
    return watch, run


CHAINABLE = {  # the rate in batch b, of four an epoch; e = b // 4
    "ConstantLR": ({"factor": 0.5, "total_iters": 3}, "step", lambda b, e: 0.5 if b < 3 else 1.0),
    "CosineAnnealingLR": ({"T_max": 12}, "step", lambda b, e: (1 + math.cos(math.pi * b / 12)) / 2),
    "ExponentialLR": ({"gamma": 0.5}, "epoch", lambda b, e: 0.5**e),
    "LinearLR": (
        {"start_factor": 1.0, "end_factor": 0.1, "total_iters": 12},
        "step",
        lambda b, e: 1 - 0.9 * min(b, 12) / 12,
    ),
    "MultiStepLR": ({"milestones": [1, 2], "gamma": 0.1}, "epoch", lambda b, e: 0.1 ** min(e, 2)),
    "PolynomialLR": ({"total_iters": 12, "power": 2.0}, "step", lambda b, e: (1 - min(b, 12) / 12) ** 2),
    "StepLR": ({"step_size": 2, "gamma": 0.3}, "step", lambda b, e: 0.3 ** (b // 2)),
}


@pytest.mark.parametrize("warm_up", [0, 1, 3, 6])
@pytest.mark.parametrize("name", CHAINABLE)
def test_a_schedule_by_batch_or_epoch_is_its_formula_and_a_warm_up_multiplies_it(name, warm_up):
    arguments, interval, formula = CHAINABLE[name]
    watch, _ = rates({**of(name, **arguments), "interval": interval, "warm_up": warm_up}, epochs=3)
    rising = [min(1.0, (b + 1) / warm_up) if warm_up else 1.0 for b in range(12)]
    assert watch.rates == pytest.approx([formula(b, b // 4) * rising[b] for b in range(12)], rel=1e-12, abs=1e-15)


def test_one_cycle_rises_and_falls_by_batch():
    arguments = {"max_lr": 2.0, "total_steps": 12, "pct_start": 0.25}
    watch, _ = rates({**of("OneCycleLR", **arguments), "interval": "step"}, epochs=3)
    (parameter,) = torch.nn.Linear(1, 1, bias=False).parameters()
    alone = torch.optim.SGD([parameter], lr=1.0)
    schedule, expected = torch.optim.lr_scheduler.OneCycleLR(alone, **arguments), []
    for _ in range(12):
        expected.append(alone.param_groups[0]["lr"])
        alone.step()
        schedule.step() if len(expected) < 12 else None
    assert watch.rates == expected and max(watch.rates) == 2.0 and watch.rates.index(2.0) == 2


@pytest.mark.parametrize("warm_up", [0, 2])
def test_annealing_by_four_where_the_validation_loss_stands_still(warm_up):
    """Quartered behind each epoch that is no better than the best one before."""
    settings = {"monitor": "val/loss", "interval": "epoch", "warm_up": warm_up}
    scheduler = {**of("ReduceLROnPlateau", factor=0.25, patience=0, threshold=0.0), **settings}
    watch, _ = rates(scheduler, epochs=6, lr=12.0, validation=stream(20, seed=6))
    expected, rate, best = [], 12.0, math.inf
    for loss in watch.losses:
        expected += [rate] * 4
        rate, best = (rate, loss) if loss < best else (rate / 4, best)
    rising = [(b + 1) / warm_up if b < warm_up else 1.0 for b in range(24)]
    assert len(watch.losses) == 6 and expected[-1] < 12.0, "no epoch was worse than the one before"
    assert watch.rates == pytest.approx([r * w for r, w in zip(expected, rising, strict=True)], rel=1e-12)


@pytest.mark.parametrize("stop", [1, 3, 5])
def test_a_warm_up_resumes(stop, tmp_path):
    scheduler = {**of("ExponentialLR", gamma=0.5), "interval": "epoch", "warm_up": 6}
    whole, run = rates(scheduler, callbacks=[SaveAfter(stop, tmp_path / "last.ckpt")])
    rest, resumed = rates(scheduler, resume=tmp_path / "last.ckpt", seed=77)
    assert rest.rates == whole.rates[stop:]
    assert_same(resumed, run)


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
def test_a_wrong_optimizer_is_refused_in_one_line(optimizer, message):
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
        ({**of("StepLR", step_size=1), "warm_up": -1}, "lr_scheduler.warm_up: .* 0 or more, got -1"),
        (
            {**of("OneCycleLR", max_lr=1.0, total_steps=9), "warm_up": 3},
            "warm_up: expected 0 with OneCycleLR.*pct_start",
        ),
        (
            {**of("CyclicLR", base_lr=0.1, max_lr=1.0), "warm_up": 3},
            "warm_up: expected 0 with CyclicLR, .* got 3; use LinearLR",
        ),
        ({**of("CosineAnnealingWarmRestarts", T_0=3), "warm_up": 3}, "warm_up: expected 0 with CosineAnnealingWarm"),
    ],
    ids=str,
)
def test_a_wrong_scheduler_is_refused_in_one_line(scheduler, message):
    task = make(LanguageModeling, lr_scheduler=scheduler)
    with pytest.raises(InputError, match=message) as caught:
        fit(task)
    assert "\n" not in str(caught.value)
