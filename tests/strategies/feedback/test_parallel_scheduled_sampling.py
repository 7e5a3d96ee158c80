"""Enough passes give what feeding back step by step gives; too few do not."""

import pytest
import torch

from conformance.forecast_runs import forecast
from conformance.token_streams import T
from conformance.training import assert_close, train
from unrolled import compose
from unrolled.strategies import CarriedState, ParallelScheduledSampling, ScheduledSampling, TruncatedBPTT
from unrolled.tasks import LanguageModeling

SCHEDULE = {"start": 0.7, "end": 0.2, "decay": "linear", "over": 6}
KINDS = {
    "ids": {},
    "expected": {"fed_back": "expected"},
    "expected with gradient": {"fed_back": "expected", "gradient": True},
    "numbers": {},
    "numbers with gradient": {"gradient": True},
}
each_kind = pytest.mark.parametrize("kind", KINDS)


def ran(kind, *strategies, **given):
    arguments = {"dtype": torch.float64, **SCHEDULE, **KINDS[kind], **given}
    if kind.startswith("numbers"):
        return forecast(*strategies, **arguments)[0]
    return train(compose(LanguageModeling, *strategies), **arguments)


def assert_agree(parallel, sequential):
    assert len(parallel.gradients) == len(sequential.gradients) > 0
    for number, (one, other) in enumerate(zip(parallel.gradients, sequential.gradients, strict=True)):
        assert_close({"loss": parallel.losses[number]}, {"loss": sequential.losses[number]})
        assert_close(one, other)
    assert_close(parallel.weights, sequential.weights, 1e-11)


@each_kind
@pytest.mark.parametrize("per", ["token", "sequence", "batch"])
def test_as_many_passes_as_steps_are_the_sequential_result(kind, per):
    sequential = ran(kind, ScheduledSampling, coin_per=per)
    assert_agree(ran(kind, ParallelScheduledSampling, coin_per=per, passes=T), sequential)
    assert_agree(ran(kind, ParallelScheduledSampling, coin_per=per, passes=T + 3), sequential)


@each_kind
def test_also_in_windows_over_which_the_own_output_is_carried(kind):
    strategies, cut = (CarriedState, TruncatedBPTT), {"k1": 3, "k2": 3}
    sequential = ran(kind, ScheduledSampling, *strategies, **cut)
    assert_agree(ran(kind, ParallelScheduledSampling, *strategies, passes=3, **cut), sequential)


@each_kind
@pytest.mark.parametrize("passes", [2, 4])
def test_fewer_passes_are_another_approximation(kind, passes):
    sequential, few = ran(kind, ScheduledSampling), ran(kind, ParallelScheduledSampling, passes=passes)
    difference = (few.weights["head.weight"] - sequential.weights["head.weight"]).abs().max()
    assert 1e-6 < float(difference) < 1
