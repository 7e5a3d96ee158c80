"""ClipNorm and ClipValue against torch.nn.utils, closed forms and loops by hand."""

import pytest
import torch
from torch import nn

from conformance.references.loops import Plain, nll
from conformance.token_streams import stream
from conformance.training import assert_close, assert_same, fit, make, train, weights
from unrolled import compose
from unrolled.errors import InputError
from unrolled.strategies import ClipNorm, ClipValue, TruncatedBPTT
from unrolled.tasks import LanguageModeling

Norm, Value = compose(LanguageModeling, ClipNorm), compose(LanguageModeling, ClipValue)
LIMITS = [(Norm, {"max_norm": 0.25}, "norm"), (Value, {"max_value": 0.02}, "value")]
each_limit = pytest.mark.parametrize(("cls", "limit", "algorithm"), LIMITS, ids=["norm", "value"])
SGD = {"class_path": "SGD", "init_args": {"lr": 1.0}}  # a step is then the gradient itself
TIED = {"tied": True, "embedding_size": 6}


@each_limit
@pytest.mark.parametrize("extra", [{}, TIED], ids=["free", "tied"])
def test_it_equals_lightnings_own_clipping(cls, limit, algorithm, extra):
    (value,) = limit.values()
    given = {"gradient_clip_val": value, "gradient_clip_algorithm": algorithm}
    assert_same(train(cls, **limit, **extra), train(LanguageModeling, trainer=given, **extra))


def steps(cls, **arguments):
    """The gradients (one long vector each) before clipping, and what SGD then took from the weights."""
    before = torch.cat([p.detach().flatten() for p in make(cls, **arguments).double().parameters()])
    run = train(cls, dtype=torch.float64, optimizer=SGD, trainer={"max_steps": 1}, **arguments)
    after = torch.cat([value.flatten() for value in run.weights.values()])
    return torch.cat([g.flatten() for g in run.gradients[0].values()]), before - after


def test_the_norm_in_closed_form():
    gradient, _ = steps(Norm)
    norm = float(gradient.pow(2).sum().sqrt())
    for share in (0.1, 0.999, 1.001, 10.0):
        raw, taken = steps(Norm, max_norm=share * norm)
        assert torch.equal(raw, gradient)
        shrink = min(1.0, share * norm / (norm + 1e-6))
        torch.testing.assert_close(taken, gradient * shrink, rtol=0, atol=1e-14)


def test_the_value_in_closed_form():
    gradient, _ = steps(Value)
    for share in (0.01, 0.5, 2.0):
        limit = share * float(gradient.abs().max())
        _, taken = steps(Value, max_value=limit)
        expected = torch.where(gradient.abs() > limit, gradient.sign() * limit, gradient)
        torch.testing.assert_close(taken, expected, rtol=0, atol=1e-14)


@each_limit
def test_accumulation_over_two_batches_clips_their_mean(cls, limit, algorithm):
    plain = Plain(weights(make(LanguageModeling).double()))
    optimizer = torch.optim.Adam(plain.parameters(), lr=0.02)
    for number, (inputs, targets, _) in enumerate([*stream(), *stream()]):
        (nll(plain(inputs, plain.start(3))[0], targets) / 2).backward()
        if number % 2:
            clip = nn.utils.clip_grad_norm_ if algorithm == "norm" else nn.utils.clip_grad_value_
            clip(plain.parameters(), *limit.values())
            optimizer.step()
            optimizer.zero_grad()
    run = train(cls, dtype=torch.float64, trainer={"accumulate_grad_batches": 2}, **limit)
    assert len(run.gradients) == 4 == run.task.optimizer_steps
    assert_close(run.weights, weights(plain))


@each_limit
def test_clipping_twice_is_refused_before_the_first_step(cls, limit, algorithm):
    task = make(cls, **limit)
    start = weights(task)
    name = cls.strategy_of("clipping").__name__
    with pytest.raises(InputError, match=rf"gradient_clip_val.*\({name}\).*got 0.5") as caught:
        fit(task, trainer={"gradient_clip_val": 0.5})
    assert "\n" not in str(caught.value)
    assert_close(weights(task), start, 0)


@each_limit
def test_bfloat16_trains(cls, limit, algorithm):
    run = train(cls, trainer={"precision": "bf16-mixed", "max_epochs": 30}, **limit)
    assert all(value.dtype == torch.float32 for value in run.weights.values())
    assert float(torch.stack(run.losses[-4:]).mean()) < float(torch.stack(run.losses[:4]).mean()) - 0.1


def test_the_log_says_how_often_the_norm_was_clipped_and_what_it_was():
    cls = compose(LanguageModeling, ClipNorm, TruncatedBPTT)
    run = train(cls, k1=4, max_norm=0.4, trainer={"log_every_n_steps": 4, "max_epochs": 1})
    norms = torch.stack([torch.cat([g.flatten() for g in step.values()]).norm() for step in run.gradients])
    assert 0 < (norms > 0.4).sum() < len(norms) == 7  # windows of the epoch's 4 batches
    logged = run.trainer.callback_metrics
    assert float(logged["train/grad_norm"]) == pytest.approx(float(norms.mean()), rel=1e-5)
    assert float(logged["strategy/clipped_share"]) == pytest.approx(float((norms > 0.4).float().mean()), rel=1e-5)
    assert float(logged["train/loss"]) == pytest.approx(float(torch.stack(run.losses).mean()), rel=1e-5)
