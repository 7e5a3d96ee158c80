"""RandomTruncation: where it cuts, how far it steps, and that both are the same on every process and after a resume."""

from functools import partial
from itertools import pairwise

import pytest
import torch

from conformance.token_streams import stream
from conformance.training import DROPOUT, Recorder, assert_same, fit, make, train
from unrolled import compose
from unrolled.functional.truncation import random_cuts
from unrolled.strategies import RandomTruncation, TruncatedBPTT
from unrolled.tasks import LanguageModeling

Random = compose(LanguageModeling, RandomTruncation)
SURE = {"half_probability": 0.0, "length_std": 0.0, "min_length": 1}
LIVE = {"base_length": 4, "half_probability": 0.3, "length_std": 1.5, "min_length": 2}
whole = partial(stream, columns=32)  # without a shorter last batch


class Steps(Recorder):
    """Of each optimizer step its window and its learning rate."""

    def __init__(self):
        super().__init__()
        self.taken = []

    def on_before_optimizer_step(self, trainer, task, optimizer):
        self.taken.append((task.window.start, task.window.stop, optimizer.param_groups[0]["lr"]))


def steps(loader=None, **arguments):
    watch, task = Steps(), make(Random, **arguments)
    run = fit(task, loader, callbacks=[watch])
    return watch.taken, run


def test_windows_are_those_of_the_draws_and_each_step_is_in_one():
    taken, run = steps(**LIVE)
    bounds, batch, step = [(start, stop) for start, stop, _ in taken], 0, 0
    while step < len(bounds):
        length = 4 if batch % 4 == 3 else 8  # the last batch of an epoch is shorter
        run.task.optimizer_steps = step
        cuts = random_cuts(length, 4, 0.3, 1.5, 2, run.task.draws("RandomTruncation"))
        assert bounds[step : step + len(cuts) - 1] == [*pairwise(cuts)]
        batch, step = batch + 1, step + len(cuts) - 1
    assert batch == 8 and len({*bounds}) > 8


def test_the_learning_rate_is_in_proportion_to_the_window_for_its_step_alone():
    taken, run = steps(**LIVE)
    assert [rate for *_, rate in taken] == pytest.approx([0.02 * (stop - start) / 4 for start, stop, _ in taken])
    assert run.trainer.optimizers[0].param_groups[0]["lr"] == 0.02


def test_without_chance_it_is_truncated_bptt():
    sgd = {"optimizer": {"class_path": "SGD", "init_args": {"lr": 0.1}}}
    assert_same(
        train(Random, loader=whole(), base_length=4, **SURE, **sgd, **DROPOUT),
        train(compose(LanguageModeling, TruncatedBPTT), loader=whole(), k1=4, **sgd, **DROPOUT),
    )


def test_a_base_as_long_as_every_batch_is_full_backpropagation():
    assert_same(
        train(Random, loader=whole(), base_length=8, **SURE, **DROPOUT),
        train(LanguageModeling, loader=whole(), **DROPOUT),
    )


def test_what_is_left_over_stands_first_and_counts_for_what_it_holds():
    taken, _ = steps(base_length=5, **SURE)
    assert taken[:3] == [(0, 3, pytest.approx(0.02 * 3 / 5)), (3, 8, 0.02), (0, 3, pytest.approx(0.02 * 3 / 5))]
    assert taken[6] == (0, 4, pytest.approx(0.02 * 4 / 5))  # a batch shorter than the base


def test_other_seeds_cut_elsewhere():
    def bounds(seed):
        return [(window.start, window.stop) for window in make(Random, seed=seed, **LIVE).windows([True] * 200)]

    assert bounds(1) == bounds(1) != bounds(2)


def test_the_log_tells_the_length():
    _, run = steps(base_length=2, **SURE)
    assert float(run.trainer.callback_metrics["strategy/window_length"]) == 2
    assert torch.is_tensor(run.trainer.callback_metrics["strategy/window_length"])
