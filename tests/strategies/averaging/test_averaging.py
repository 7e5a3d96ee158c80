"""Averages: which weights are evaluated and saved, that training does not notice, and that it goes on exactly."""

import pytest
import pytorch_lightning as pl
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from conformance.token_streams import never_seen, restarting, stream
from conformance.training import DROPOUT, QUIET, SaveAfter, assert_close, assert_same, fit, make, train, weights
from unrolled import compose
from unrolled.strategies import ExponentialAveraging, TriggeredAveraging, TruncatedBPTT
from unrolled.tasks import LanguageModeling

Exponential = compose(LanguageModeling, ExponentialAveraging)
Triggered = compose(LanguageModeling, TriggeredAveraging)
RISING = {"validation": never_seen(), "trainer": {"val_check_interval": 3, "max_epochs": 4}}
LIVE = {
    "exponential": (Exponential, {"average_decay": 0.6}),
    "triggered": (Triggered, {"non_monotone": 0}),  # starts behind batch 7 of 16
}
each_average = pytest.mark.parametrize("name", LIVE)
TIED = {"tied": True, "embedding_size": 6}


class Watch(pl.Callback):
    """The raw weights behind every batch, and what was validated."""

    def __init__(self):
        self.raw, self.validated, self.losses = [], [], []

    def on_train_batch_end(self, trainer, task, *_):
        self.raw.append(weights(task))

    def on_validation_epoch_start(self, trainer, task):
        self.validated.append((len(self.raw), weights(task)))

    def on_validation_end(self, trainer, task):
        self.losses.append(float(trainer.callback_metrics["val/loss"]))


def watched(name, **given):
    cls, live = LIVE[name]
    watch = Watch()
    return train(
        cls, dtype=torch.float64, callbacks=[watch, *given.pop("callbacks", [])], **live, **RISING, **given
    ), watch


def expected_average(name, raw, step):
    """By torch's own averaging of the raw weights of steps 1 to `step`."""
    model = torch.nn.Module()
    start = 1 if name == "exponential" else 7
    rule = {"multi_avg_fn": get_ema_multi_avg_fn(0.6)} if name == "exponential" else {}  # else the running mean
    averaged = None
    for values in raw[start - 1 : step]:
        for key, value in values.items():
            setattr(model, key.replace(".", "_"), torch.nn.Parameter(value.clone()))
        averaged = averaged or AveragedModel(model, **rule)
        averaged.update_parameters(model)
    return {key: getattr(averaged.module, key.replace(".", "_")).detach() for key in raw[0]}


@each_average
def test_the_average_is_validated_and_training_goes_on_with_the_weights(name):
    run, watch = watched(name)
    plain = train(LanguageModeling, dtype=torch.float64, **RISING)
    assert torch.equal(torch.stack(run.losses), torch.stack(plain.losses)), "training noticed"
    assert [step for step, _ in watch.validated] == [3, 7, 11, 15]
    for step, validated in watch.validated:
        averaging = name == "exponential" or step > 7
        expected = expected_average(name, watch.raw, step) if averaging else watch.raw[step - 1]
        assert_close(validated, expected, 1e-12)
        assert torch.equal(validated["head.weight"], watch.raw[step - 1]["head.weight"]) != averaging
    assert_close(run.weights, expected_average(name, watch.raw, 16), 1e-12)
    assert_close(watch.raw[-1], plain.weights, 0)
    counted = float(run.trainer.callback_metrics["strategy/averaged_steps"])
    assert counted == pytest.approx((12 + 13 + 14 + 15) / 4 - (6 if name == "triggered" else 0))


@each_average
@pytest.mark.parametrize("extra", [{}, TIED], ids=["free", "tied"])
def test_a_checkpoint_holds_what_was_validated_and_resumes_with_what_was_trained(name, extra, tmp_path):
    """Saved at every batch from the start of the average on; also by a callback while the average is shown."""
    shown = tmp_path / "shown.ckpt"

    class SaveShown(pl.Callback):
        def on_validation_end(self, trainer, task):
            if trainer.global_step == 11:
                trainer.save_checkpoint(shown)

    cls, live = LIVE[name]
    paths = [tmp_path / f"{stop}.ckpt" for stop in (8, 9, 10, 13)]
    saves = [SaveAfter(int(path.stem), path) for path in paths]
    given = {**DROPOUT, **live, **RISING, **({**extra} if extra else {})}
    watch = Watch()
    whole = train(cls, loader=restarting(), **given, callbacks=[watch, *saves, SaveShown()])
    for path in [*paths, shown]:
        step = 11 if path == shown else int(path.stem)
        saved = torch.load(path, weights_only=True)
        average = expected_average(name, watch.raw, step)
        asked = make(cls, seed=9, **live, **DROPOUT, **extra)
        asked.load_state_dict(saved["state_dict"])
        assert_close(weights(asked), average, 1e-5)
        if path != shown:
            resumed = train(cls, loader=restarting(), resume=path, seed=77, **given)
            assert len(resumed.losses) == 16 - step
            assert_same(resumed, whole)
        else:
            assert_close(weights(asked), dict(watch.validated)[11], 0)
            assert_close({n: saved["averaging"]["raw"][n] for n in watch.raw[10]}, watch.raw[10], 0)


def test_it_starts_by_the_papers_rule():
    """Of four losses that rise: with n = 0 at the second, with n = 2 at the fourth, with n = 3 never."""
    for n, start in {0: 7, 1: 11, 2: 15, 3: None, None: None}.items():
        watch = Watch()
        run = train(Triggered, non_monotone=n, callbacks=[watch], dtype=torch.float64, **RISING)
        assert watch.losses == sorted(watch.losses) or start is not None
        assert run.task.averaged_steps == (16 - start + 1 if start else 0)


def test_a_loss_that_falls_never_starts_it():
    falling = {**RISING, "validation": stream()}  # of what it trains on
    run = train(Triggered, non_monotone=0, **falling)
    assert run.task.averaged_steps == 0 and run.task.validation_losses == sorted(run.task.validation_losses)[::-1]


@each_average
def test_testing_behind_training_asks_the_average_and_a_loaded_checkpoint_itself(name, tmp_path):
    cls, live = LIVE[name]
    run = train(cls, **live, **RISING, callbacks=[SaveAfter(9, tmp_path / "9.ckpt")])
    held = []

    class Look(pl.Callback):
        def on_test_epoch_start(self, trainer, task):
            held.append(weights(task))

    tester = pl.Trainer(**QUIET, callbacks=[Look()])
    tester.test(run.task, stream(), verbose=False)
    assert_close(held[0], run.weights, 0)
    tester.test(run.task, stream(), ckpt_path=tmp_path / "9.ckpt", weights_only=True, verbose=False)
    saved = torch.load(tmp_path / "9.ckpt", weights_only=True)["state_dict"]
    assert_close(held[1], {key: saved[key] for key in held[1]}, 0)


def test_the_sanity_check_and_a_second_fit_are_no_validation_of_the_average():
    sane = {**RISING, "trainer": {**RISING["trainer"], "num_sanity_val_steps": 2}}
    run, plain = train(Triggered, non_monotone=0, **sane), train(Triggered, non_monotone=0, **RISING)
    assert run.task.validation_losses == plain.task.validation_losses
    raw = {name: value.clone() for name, value in run.task.averages.items()}  # while the average is shown
    starts = []

    class Look(pl.Callback):
        def on_train_batch_start(self, trainer, task, *_):
            starts.append(weights(task))

    fit(run.task, callbacks=[Look()])
    assert_close(starts[0], raw, 0)


def test_every_window_is_a_step_of_the_average():
    cls = compose(LanguageModeling, TruncatedBPTT, ExponentialAveraging)
    run = train(cls, k1=3, average_decay=0.5, trainer={"max_epochs": 1})
    assert run.task.averaged_steps == run.task.optimizer_steps == 11


@each_average
def test_bfloat16_and_accumulation(name):
    cls, live = LIVE[name]
    trainer = {"val_check_interval": 2, "max_epochs": 20, "precision": "bf16-mixed", "accumulate_grad_batches": 2}
    run = train(cls, **live, **{**RISING, "trainer": trainer})
    assert run.task.optimizer_steps == 40 >= run.task.averaged_steps > 30
    assert all(value.dtype == torch.float32 and torch.isfinite(value).all() for value in run.weights.values())
