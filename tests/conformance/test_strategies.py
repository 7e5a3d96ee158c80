"""The four properties of a strategy: identity, commutes, reference, resumes."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import torch

from conformance.strategies import CASES, FOUR, ORDERS, company, each_strategy, live, strategy
from conformance.token_streams import restarting, stream
from conformance.training import DROPOUT, Run, SaveAfter, assert_close, assert_same, make, train, weights
from unrolled import compose
from unrolled.tasks import LanguageModeling

BATCHES = 8  # of two epochs of `stream`


def composed(*names: str) -> type[LanguageModeling]:
    return compose(LanguageModeling, *map(strategy, names))


@cache
def without_strategies(loader: Callable[[], Any] = stream, dropout: bool = False) -> Run:
    """The base task alone; trained once for all tests that compare with it."""
    run = train(LanguageModeling, loader=loader(), **(DROPOUT if dropout else {}))
    assert len(run.losses) == BATCHES
    return run


@each_strategy
def test_identity(name):
    """Arguments that say "nothing" equal the strategy's absence, bit for bit."""
    case = CASES[name]
    present = train(composed(name), loader=case.identity_data(), **DROPOUT, **case.identity)
    assert_same(present, without_strategies(case.identity_data, dropout=True))


@each_strategy
def test_live_arguments_change_the_weights(name):
    """Without which the other three properties would say nothing."""
    case = CASES[name]
    absent = train(LanguageModeling, **case.given) if case.given else without_strategies()
    present = train(composed(name), **case.fit(), **case.given, **case.live)
    assert not torch.equal(absent.weights["head.weight"], present.weights["head.weight"])


@each_strategy
def test_commutes(name):
    """First or last among one strategy of every other seam: no bit differs."""
    case, others = CASES[name], company(name)
    given = {**DROPOUT, **case.given, **live(name, *others)}
    first, last = (train(composed(*order), **case.fit(), **given) for order in ([name, *others], [*others, name]))
    assert_same(last, first)


@cache
def first_order() -> Run:
    return train(composed(*ORDERS[0]), **DROPOUT, **live(*FOUR))


@pytest.mark.parametrize("order", ORDERS[1:], ids="-".join)
def test_all_orders_of_four_strategies_are_one(order):
    run = train(composed(*order), **DROPOUT, **live(*order))
    assert [base.__name__ for base in type(run.task).__mro__[1:] if base.__name__ in order] == list(order)
    assert_same(run, first_order())


@each_strategy
def test_reference(name):
    """After every optimizer step of two epochs the weights are those of a loop written by hand."""
    case = CASES[name]
    plain = case.plain(weights(make(LanguageModeling, **case.given).double()))
    batches = [*restarting(), *restarting()]
    torch.manual_seed(0)  # where `train` starts the coins
    case.reference(plain, torch.optim.Adam(plain.parameters(), lr=0.02), batches, **case.live)
    run = train(composed(name), loader=restarting(), dtype=torch.float64, **case.fit(), **case.given, **case.live)
    assert_close({name: run.weights[name] for name in weights(plain)}, weights(plain))


@each_strategy
def test_resumes(name, tmp_path):
    resumed_equals_never_stopped((name,), 2, tmp_path / "last.ckpt")


@pytest.mark.parametrize("stop", range(1, BATCHES))
def test_four_together_resume(stop, tmp_path):
    resumed_equals_never_stopped(FOUR, stop, tmp_path / "last.ckpt")


def resumed_equals_never_stopped(names, stop, path):
    """Save behind batch `stop`; new objects, other random numbers; go on: bitwise the same losses and weights."""
    falling = {"class_path": "ExponentialLR", "init_args": {"gamma": 0.9}, "interval": "step"}
    given = {key: value for name in names for key, value in CASES[name].given.items()}
    arguments = {**DROPOUT, **given, **live(*names), "lr_scheduler": falling, "trainer": {"val_check_interval": 2}}
    data = {"validation": stream(seed=6), "callbacks": []}
    for name in names:
        data |= CASES[name].fit()
    saving = {**data, "callbacks": [*data["callbacks"], SaveAfter(stop, path)]}
    whole = train(composed(*names), loader=restarting(), **{**arguments, **saving})
    resumed = train(composed(*names), loader=restarting(), resume=path, seed=77, **{**arguments, **data})
    taken = torch.load(path, weights_only=True)["unrolled"]["optimizer_steps"]
    if not {"RandomTruncation", "ARTBP", "AdaptiveTruncation"} & {*names}:
        steps_of_a_batch = [3, 3, 3, 2] if "TruncatedBPTT" in names else [1, 1, 1, 1]
        assert len(whole.losses) == 2 * sum(steps_of_a_batch) and taken == sum((steps_of_a_batch * 2)[:stop])
    assert len(resumed.losses) == len(whole.losses) - taken > 0
    assert_same(resumed, whole)


@each_strategy
def test_trains_under_bfloat16(name):
    """By autocast: weights stay float32, and the loss falls."""
    case = CASES[name]
    given = case.fit()
    given["trainer"] = {**given.get("trainer", {}), "precision": "bf16-mixed", "max_epochs": 12}
    run = train(composed(name), **given, **case.given, **case.live)
    assert all(value.dtype == torch.float32 and torch.isfinite(value).all() for value in run.weights.values())
    losses = torch.stack(run.losses).float()
    losses = losses[losses.isfinite()]  # of a step that was skipped
    assert float(losses[-8:].mean()) < float(losses[:8].mean()) - 0.02


def test_omega_is_measured_in_the_losss_own_precision(monkeypatch):
    """Also where the rest of the step runs in 16 bits."""
    from unrolled.strategies.penalty import gradient_penalty

    measured, seen = gradient_penalty.omega, []

    def watched(*given):
        found = measured(*given)
        seen.append((torch.is_autocast_enabled("cpu"), found.dtype))
        return found

    monkeypatch.setattr(gradient_penalty, "omega", watched)
    case = CASES["GradientPenalty"]
    given = {**case.given, **case.live, "trainer": {"precision": "bf16-mixed", "max_epochs": 1}}
    train(composed("GradientPenalty"), **given)
    assert seen and {*seen} == {(False, torch.float32)}
