"""What all strategies of the clipping seam promise, and what each of the newer ones does on its own."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from conformance.references.clipping import agc
from conformance.references.loops import Plain, nll
from conformance.token_streams import stream
from conformance.training import assert_close, fit, make, train, weights
from unrolled import compose, strategies
from unrolled.errors import InputError
from unrolled.functional.clipping import clip_units, history_percentile, unit_norms
from unrolled.tasks import LanguageModeling

LIVE = {
    "ClipNorm": {"max_norm": 0.24},
    "ClipValue": {"max_value": 0.02},
    "ClipPerLayer": {"max_norm": 0.12},
    "AdaptiveClip": {"clipping_factor": 0.05},
    "AutoClip": {"percentile": 40.0},
}
each_strategy = pytest.mark.parametrize("name", LIVE)
SGD = {"class_path": "SGD", "init_args": {"lr": 1.0}}  # a step is then the gradient itself
TIED = {"tied": True, "embedding_size": 6}


def of(name):
    return compose(LanguageModeling, getattr(strategies, name))


def flat(values):
    return torch.cat([value.flatten() for value in values])


class After:
    """The gradients as the optimizer got them, of every step."""

    def __init__(self, task):
        self.kept, self.task, inner = [], task, task.perturb

        def perturb(optimizer):
            inner(optimizer)
            self.kept.append({name: p.grad.clone() for name, p in task.named_parameters()})

        task.perturb = perturb


def both(name, **given):
    """The gradients of every step before and after clipping, and the run."""
    task = make(of(name), **{**LIVE[name], **{k: v for k, v in given.items() if k != "trainer"}}).double()
    after = After(task)
    run = fit(task, trainer={"log_every_n_steps": 1000, "max_epochs": 1, **given.get("trainer", {})})
    return run.gradients, after.kept, run


@each_strategy
def test_the_log_says_what_was_clipped_and_what_is_left(name):
    before, after, run = both(name)
    # at its limit a norm is still divided by itself + 1e-6
    changed = [float((flat(b.values()) - flat(a.values())).norm()) > 2e-6 for b, a in zip(before, after, strict=True)]
    logged = run.trainer.callback_metrics
    assert sum(changed) > 0 and len(changed) == 4
    assert float(logged["strategy/clipped_share"]) == pytest.approx(sum(changed) / 4, rel=1e-6)
    for metric, kept in (("train/grad_norm", before), ("strategy/grad_norm_after", after)):
        norms = [float(flat(step.values()).norm()) for step in kept]
        assert float(logged[metric]) == pytest.approx(sum(norms) / 4, rel=1e-6)


@each_strategy
def test_clipping_twice_is_refused_before_the_first_step(name):
    task = make(of(name), **LIVE[name])
    start = weights(task)
    with pytest.raises(InputError, match=rf"gradient_clip_val.*\({name}\).*got 0.5") as caught:
        fit(task, trainer={"gradient_clip_val": 0.5})
    assert "\n" not in str(caught.value)
    assert_close(weights(task), start, 0)


@each_strategy
def test_accumulation_over_two_batches_clips_their_mean_once(name):
    """One step of SGD on the clipped mean of two batches."""
    plain = Plain(weights(make(LanguageModeling).double()))
    for inputs, targets, _ in [*stream()][:2]:
        (nll(plain(inputs, plain.start(3))[0], targets) / 2).backward()
    before, after, run = both(name, trainer={"accumulate_grad_batches": 2})
    assert len(before) == 2 == run.task.optimizer_steps
    assert_close(before[0], {n: p.grad for n, p in plain.named_parameters()})
    alone = make(of(name), **LIVE[name]).double()
    for p, g in zip(alone.parameters(), before[0].values(), strict=True):
        p.grad = g.clone()
    alone.gradient_norm = flat(before[0].values()).norm()
    alone.clip(torch.optim.SGD(alone.parameters(), lr=1.0), None, None)
    # One norm over all entries and the norm of each parameter's norm round differently; how depends on the processor.
    assert_close(after[0], {n: p.grad for n, p in alone.named_parameters()}, 1e-14)


@each_strategy
def test_bfloat16_trains(name):
    run = train(of(name), trainer={"precision": "bf16-mixed", "max_epochs": 30}, **LIVE[name])
    assert all(value.dtype == torch.float32 for value in run.weights.values())
    assert float(torch.stack(run.losses[-4:]).mean()) < float(torch.stack(run.losses[:4]).mean()) - 0.1


@pytest.mark.parametrize("extra", [{}, TIED], ids=["free", "tied"])
def test_each_layer_is_what_torch_clips_it_to(extra):
    before, after, _ = both("ClipPerLayer", **extra)
    for b, a in zip(before, after, strict=True):
        for layer in ("embedding.", "architecture.cells.0.", "head."):  # a tied weight belongs to what comes first
            names = [name for name in b if name.startswith(layer)]
            copies = [nn.Parameter(torch.zeros_like(b[name])) for name in names]
            for copy, name in zip(copies, names, strict=True):
                copy.grad = b[name].clone()
            nn.utils.clip_grad_norm_(copies, LIVE["ClipPerLayer"]["max_norm"])
            assert_close({n: a[n] for n in names}, {n: c.grad for n, c in zip(names, copies, strict=True)}, 1e-14)


@pytest.mark.parametrize("output_layer", [False, True])
@pytest.mark.parametrize("extra", [{}, TIED], ids=["free", "tied"])
def test_a_unit_is_bounded_by_its_own_weights(output_layer, extra):
    start = weights(make(LanguageModeling, **extra).double())
    before, after, _ = both("AdaptiveClip", output_layer=output_layer, optimizer=SGD, **extra)
    spared = set() if output_layer else {n for n in start if n.startswith("head.") or (extra and "embedding" in n)}
    for name, gradient in before[0].items():
        expected = gradient.clone()
        if name not in spared:
            agc(start[name], expected, 0.05, 1e-3)
        torch.testing.assert_close(after[0][name], expected, rtol=0, atol=1e-15, msg=name)


def test_weights_of_zero_learn_by_eps():
    weight = nn.Parameter(torch.zeros(2, 3, dtype=torch.float64))
    weight.grad = torch.tensor([[3.0, 4.0, 0.0], [0.0, 0.0, 0.0]], dtype=torch.float64)
    share = clip_units([weight], 0.1, 1e-2)
    assert float(share) == 0.5 and float(weight.grad[0].norm()) == pytest.approx(1e-3, rel=1e-12)
    assert not weight.grad[1].any(), "0 / 0 is not a gradient"


def test_units_are_rows_vectors_and_numbers():
    for shape in [(), (4,), (4, 3), (4, 3, 2)]:
        value = torch.randn(shape, dtype=torch.float64)
        rows = value.reshape(shape[0], -1) if len(shape) > 1 else value.reshape(1, -1)
        expected = [math.hypot(*row.tolist()) for row in rows]
        torch.testing.assert_close(unit_norms(value).flatten().tolist(), expected, rtol=1e-14, atol=0)


@pytest.mark.parametrize("percentile", [0.0, 10.0, 37.5, 50.0, 99.0, 100.0])
def test_a_percentile_is_numpys(percentile):
    values, history = np.random.default_rng(0).lognormal(size=50), []
    for count, value in enumerate(values, 1):
        found = history_percentile(history, float(value), percentile)
        assert found == pytest.approx(np.percentile(values[:count], percentile), rel=1e-12)
    assert history == sorted(values)


def test_the_history_is_in_the_checkpoint_and_has_the_norms_before_clipping(tmp_path):
    before, _, run = both("AutoClip")
    run.trainer.save_checkpoint(path := tmp_path / "last.ckpt")
    saved = torch.load(path, weights_only=True)["AutoClip"]
    norms = sorted(float(flat(step.values()).norm()) for step in before)
    torch.testing.assert_close(saved.tolist(), norms, rtol=1e-12, atol=0)
