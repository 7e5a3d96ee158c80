"""AdaptiveTruncation: which window it chooses, when, and that a resumed run goes on with it."""

import math

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from conformance.token_streams import restarting, stream
from conformance.training import DROPOUT, SaveAfter, assert_same, fit, make, train
from unrolled import compose
from unrolled.functional.batch import SequenceBatch
from unrolled.strategies import AdaptiveTruncation, CarriedState, TruncatedBPTT
from unrolled.tasks import LanguageModeling
from unrolled.tasks.base import SequenceTask

Adaptive = compose(LanguageModeling, AdaptiveTruncation)
LIVE = {"tolerated_bias": 0.3, "shortest": 2, "longest": 6, "lags": 6, "estimate_every": 2}


class Fading(SequenceTask):
    """h_t = w h_{t-1} + x_t, loss h_t: every gradient falls by w from lag to lag, exactly."""

    def __init__(self, *, w=0.8, **kwargs):
        super().__init__(**kwargs)
        self.w = nn.Parameter(torch.tensor(w, dtype=torch.float64))

    def initial_state(self, batch_size):
        return (torch.ones(batch_size, dtype=torch.float64),)

    def predict(self, inputs, state):
        (h,), outputs = state, []
        for x in inputs[..., 0].unbind(1):
            h = self.w * h + x
            outputs.append(h)
        return torch.stack(outputs, 1)[..., None], (h,)

    def measure(self, hidden, targets):
        kept = ~targets.isnan()
        return hidden[kept].sum(), kept.sum()


def batches(count, length, rows=4, targets=None):
    """A stream: only the first batch is fresh."""
    inputs = torch.randn(count, rows, length, 1, dtype=torch.float64)
    wanted = torch.zeros_like(inputs) if targets is None else torch.full_like(inputs, math.nan)
    if targets is not None:
        wanted[:, :, targets] = 0
    fresh = torch.zeros(count, rows, length, dtype=torch.bool)
    fresh[0, :, 0] = True
    return DataLoader([SequenceBatch(*batch) for batch in zip(inputs, wanted, fresh, strict=True)], batch_size=None)


def fading(loader, w=0.8, **arguments):
    cls, frozen = compose(Fading, AdaptiveTruncation, CarriedState), {"class_path": "SGD", "init_args": {"lr": 0.0}}
    task = cls(w=w, optimizer=frozen, estimate_every=1, **arguments)
    return fit(task, loader, trainer={"max_epochs": 1})


@pytest.mark.parametrize("w", [0.5, 0.8, 0.95])
@pytest.mark.parametrize("tolerance", [0.5, 0.1])
def test_a_linear_network_in_closed_form(w, tolerance):
    """phi_j = w^j, so the relative bias of a window of K is w^K / (w - 2 w^(R + 1))."""
    run = fading(batches(2, 200), w, tolerated_bias=tolerance, shortest=1, longest=300, lags=50)
    # the sum of the first k lags less what may cancel it grows with k: the bound is taken at the last of 50 lags
    bias = {k: w**k / (w - 2 * w**51) for k in range(1, 300)}
    expected = next(k for k in bias if bias[k] <= tolerance)
    assert int(run.task.chosen_window) == expected
    logged = run.trainer.callback_metrics
    steps = -(-200 // expected)  # in the second batch, behind one in the first
    assert float(logged["strategy/window"]) == pytest.approx((300 + steps * expected) / (1 + steps))
    assert float(logged["strategy/decay_rate"]) == pytest.approx(w)
    assert float(logged["strategy/relative_bias"]) == pytest.approx(bias[expected])


def test_a_gradient_that_does_not_fade_keeps_the_longest_window():
    run = fading(batches(2, 60), w=1.0, shortest=2, longest=40, lags=20)
    assert int(run.task.chosen_window) == 40
    assert "strategy/relative_bias" not in run.trainer.callback_metrics  # there is none to tell


@pytest.mark.parametrize(("shortest", "longest", "expected"), [(1, 5, 5), (20, 30, 20)])
def test_it_stays_within_its_bounds(shortest, longest, expected):
    run = fading(batches(2, 200), w=0.8, tolerated_bias=0.1, shortest=shortest, longest=longest, lags=50)
    assert int(run.task.chosen_window) == expected


def test_targets_at_the_last_step_alone_are_met_by_a_full_window():
    task = fading(batches(2, 41, targets=-1), w=0.8, tolerated_bias=0.1, shortest=1, longest=300, lags=30).task
    window = int(task.chosen_window)
    assert 1 < window < 20
    assert task.window.start == 41 - window and task.window.stop == 41 and task.optimizer_steps == 2


def test_it_estimates_every_so_often_and_not_at_the_first_batch():
    estimates = []

    class Counted(AdaptiveTruncation):
        def draws(self, purpose):
            estimates.append(self.trainer.global_step)
            return super().draws(purpose)

    train(compose(LanguageModeling, Counted), **{**LIVE, "estimate_every": 3})
    assert estimates == [3, 6]
    train(compose(LanguageModeling, Counted), **{**LIVE, "shortest": 6})
    assert estimates == [3, 6]  # nothing to choose from, so nothing is measured


def test_windows_are_counted_back_from_the_end():
    task = make(Adaptive, **{**LIVE, "shortest": 3, "longest": 3})
    task.trainer = type("Trainer", (), {"global_step": 0})()
    assert [(w.start, w.new, w.stop, w.resume) for w in AdaptiveTruncation.windows(task, [True] * 8)] == [
        (0, 0, 2, 2), (2, 2, 5, 5), (5, 5, 8, 8),
    ]  # fmt: skip


@pytest.mark.parametrize("bounds", [{"shortest": 8, "longest": 8}, {"shortest": 8, "longest": 50, "estimate_every": 1}])
def test_windows_as_long_as_the_batch_are_full_backpropagation_measured_or_not(bounds):
    """Measuring uses up no random number: with dropout, too, not one bit differs."""
    assert_same(train(Adaptive, **bounds, **DROPOUT), train(LanguageModeling, **DROPOUT))


def test_a_fixed_window_is_truncated_bptt_where_it_divides_the_batch():
    fixed = train(Adaptive, shortest=4, longest=4, **DROPOUT)
    assert_same(fixed, train(compose(LanguageModeling, TruncatedBPTT), k1=4, **DROPOUT))


@pytest.mark.parametrize("stop", [1, 2, 3, 5])
def test_a_resumed_run_goes_on_with_the_window_that_was_chosen(stop, tmp_path):
    path, cls = tmp_path / "last.ckpt", compose(LanguageModeling, AdaptiveTruncation, CarriedState)
    arguments = {**DROPOUT, **LIVE, "estimate_every": 5}
    expected = train(cls, loader=restarting(), callbacks=[SaveAfter(stop, path)], **arguments)
    resumed = train(cls, loader=restarting(), resume=path, seed=77, **arguments)
    assert_same(resumed, expected)
    assert int(resumed.task.chosen_window) == int(expected.task.chosen_window) < LIVE["longest"]
    assert "chosen_window" in torch.load(path, weights_only=True)["state_dict"]


def test_a_batch_without_any_target_measures_nothing():
    run = fading(batches(3, 10, targets=slice(0, 0)), shortest=2, longest=6)
    assert int(run.task.chosen_window) == 6


def test_targets_at_the_beginning_of_a_long_batch_are_found():
    task = fading(batches(2, 300, targets=slice(5, 9)), w=0.8, shortest=2, longest=100, lags=20).task
    assert int(task.chosen_window) < 20


def test_long_batches_are_measured_in_a_stretch_of_twice_the_horizon():
    begins, stops = set(), set()

    class Watched(AdaptiveTruncation):
        def forward(self, begin, end, state):
            if torch.is_grad_enabled() and end == begin + 1:
                begins.add(begin)
                stops.add(end)
            return super().forward(begin, end, state)

    cls = compose(Fading, Watched, CarriedState)
    frozen = {"class_path": "SGD", "init_args": {"lr": 0.0}}
    task = cls(shortest=7, longest=40, lags=20, estimate_every=1, optimizer=frozen)
    fit(task, batches(2, 500), trainer={"max_epochs": 1})
    assert max(stops) - min(begins) <= 40 and min(begins) > 0


def test_the_stream_of_the_kit_has_windows_of_several_lengths():
    run = train(Adaptive, loader=stream(), **LIVE)
    assert 2 <= int(run.task.chosen_window) < 6
