"""The gradient through what is fed back, and without it, against one loop by hand and against finite differences."""

import pytest
import torch

from conformance.forecast_runs import C, Pieces, forecast, forecasting, pieces
from conformance.references import feedback_steps as hand
from conformance.token_streams import stream
from conformance.training import assert_close, make, train, weights
from unrolled import compose
from unrolled.errors import InputError
from unrolled.strategies import CarriedState, CheckpointedBPTT, FreeRunning, TeacherForcing, TruncatedBPTT
from unrolled.tasks import LanguageModeling

LR = 0.1
SGD = {"class_path": "SGD", "init_args": {"lr": LR}}
KINDS = {
    "ids": {"fed_back": "likeliest"},
    "expected": {"fed_back": "expected"},
    "expected with gradient": {"fed_back": "expected", "gradient": True},
    "numbers": {"fed_back": "likeliest"},
    "numbers with gradient": {"fed_back": "likeliest", "gradient": True},
    "numbers expected": {"fed_back": "expected", "gradient": True},
}
each_kind = pytest.mark.parametrize("kind", KINDS)


def ran(kind, *strategies, **given):
    """A run of two epochs of SGD in float64, the weights that it started from, its batches and its prefix."""
    arguments = {"optimizer": SGD, **KINDS[kind], **given}
    if not kind.startswith("numbers"):
        begin = weights(make(LanguageModeling).double())
        run = train(compose(LanguageModeling, *strategies), dtype=torch.float64, **arguments)
        return run, begin, [batch[:2] for batch in [*stream(), *stream()]], 0
    run, _ = forecast(*strategies, dtype=torch.float64, **arguments)
    return run, weights(forecasting().double()), [batch[:2] for batch in [*Pieces(pieces(), torch.float64)] * 2], C


def agree(run, expected):
    gradients, final = expected
    assert len(run.gradients) == len(gradients)
    for actual, by_hand in zip(run.gradients, gradients, strict=True):
        assert_close(actual, by_hand, 1e-12)
    assert_close(run.weights, final)


def coins(ratio, prefix):
    """As the strategy draws them: one number for each token of a window."""
    torch.manual_seed(0)

    def truth(step, rows, start, stop):
        return (torch.rand(rows, stop - start) < ratio) | (torch.arange(start, stop) < prefix)

    return truth


@each_kind
@pytest.mark.parametrize("window", [8, 3])
@pytest.mark.parametrize("past", ["kept", "recomputed"])
def test_coins_and_windows(kind, window, past):
    arguments = {"ratio": 0.4, "k1": window, "k2": window, "past": past}
    run, begin, batches, prefix = ran(kind, TeacherForcing, TruncatedBPTT, **arguments)
    gradient = KINDS[kind].get("gradient", False)
    given = {"fed_back": KINDS[kind]["fed_back"], "gradient": gradient, "window": window, "lr": LR}
    agree(run, hand.trained(begin, batches, coins(0.4, prefix), **given))
    other = hand.trained(begin, batches, coins(0.4, prefix), **{**given, "gradient": not gradient})
    worlds_apart = kind != "ids"  # an id has no gradient
    assert torch.allclose(run.weights["head.weight"], other[1]["head.weight"], atol=1e-9) != worlds_apart


@pytest.mark.parametrize("kind", ["ids", "expected", "expected with gradient"])
def test_the_own_last_output_crosses_windows_and_batches(kind):
    """A stream of which nothing but the first token is read: in the second epoch it starts anew."""
    arguments = {"k1": 3, "k2": 3, "trainer": {"max_epochs": 1}}
    run, begin, batches, _ = ran(kind, FreeRunning, CarriedState, TruncatedBPTT, **arguments)
    given = {"window": 3, "carried": True, "lr": LR, "gradient": False} | KINDS[kind]
    agree(run, hand.trained(begin, batches[:4], coins(0.0, 0), **given))


@pytest.mark.parametrize("kind", ["numbers", "numbers with gradient", "expected with gradient"])
def test_windows_that_overlap_see_the_same_gradient_kept_or_recomputed(kind):
    """With weights that stand still there is no difference, and the graph goes through own outputs of older pieces."""
    still = {"class_path": "SGD", "init_args": {"lr": 0.0}}
    given = {"optimizer": still, "k1": 2, "k2": 6}
    kept, recomputed = (ran(kind, FreeRunning, TruncatedBPTT, past=past, **given)[0] for past in ("kept", "recomputed"))
    for one, other in zip(kept.gradients, recomputed.gradients, strict=True):
        assert_close(one, other, 1e-12)


@each_kind
def test_segments_that_are_run_again_read_the_same(kind):
    """The coins are drawn segment by segment, and met again on the way back."""
    run, begin, batches, prefix = ran(kind, TeacherForcing, CheckpointedBPTT, ratio=0.4, segments=3)

    def truth(step, rows, start, stop):
        size = -(-stop // 3)
        drawn = torch.cat([torch.rand(rows, min(size, stop - n)) for n in range(0, stop, size)], 1)
        return (drawn < 0.4) | (torch.arange(stop) < prefix)

    torch.manual_seed(0)
    agree(run, hand.trained(begin, batches, truth, window=8, lr=LR, **{"gradient": False} | KINDS[kind]))


@pytest.mark.parametrize("kind", ["expected with gradient", "numbers with gradient"])
def test_finite_differences(kind):
    """The gradient of the first step against the loss at weights that were moved a little, loss by loss."""
    once = {"trainer": {"max_steps": 1}, "optimizer": {"class_path": "SGD", "init_args": {"lr": 0.0}}}
    run, *_ = ran(kind, FreeRunning, **once)

    def loss(name, where, by):
        task = make(compose(LanguageModeling, FreeRunning), **KINDS[kind]) if "numbers" not in kind else None
        task = (task or forecasting(FreeRunning, **KINDS[kind])).double().train()
        with torch.no_grad():
            task.get_parameter(name).flatten()[where] += by
        batch = next(iter(stream() if "numbers" not in kind else Pieces(pieces(), torch.float64)))
        task.batch, task.reset_steps, task.reset_rows = batch, {0}, batch.resets
        task.window, task.length = task.windows([True] * 8)[0], 8
        with torch.no_grad():
            hidden, _ = task(0, 8, task.initial_state(len(batch.inputs)))
            total, count = task.measure(hidden, batch.targets)
        return float(total / count)

    for name, gradient in run.gradients[0].items():
        where = int(gradient.abs().argmax())
        slope = (loss(name, where, 1e-5) - loss(name, where, -1e-5)) / 2e-5
        assert float(gradient.flatten()[where]) == pytest.approx(slope, rel=1e-7), name


def test_an_id_that_is_fed_back_has_no_gradient():
    for fed_back in ("likeliest", "sample"):
        with pytest.raises(InputError, match=f"^FreeRunning: gradient: True needs .* got {fed_back}; .*$"):
            make(compose(LanguageModeling, FreeRunning), gradient=True, fed_back=fed_back)
    assert forecasting(FreeRunning, gradient=True).gradient
