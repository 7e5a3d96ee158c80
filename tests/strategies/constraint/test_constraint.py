"""ClipWeights, MaxNorm and SpectralBound against torch, numpy and what they promise."""

import math

import numpy as np
import pytest
import torch

from conformance.training import train
from unrolled import compose
from unrolled.functional.constraints import bound_rows, bound_spectrum, bound_values
from unrolled.strategies import ClipNorm, ClipWeights, MaxNorm, SpectralBound, TruncatedBPTT
from unrolled.tasks import LanguageModeling

LIVE = [
    (ClipWeights, {"bound": 0.2}, "strategy/clipped_weights_share"),
    (MaxNorm, {"max_unit_norm": 0.4}, "strategy/max_norm_share"),
    (SpectralBound, {"max_stretch": 0.5}, "strategy/spectral_bound_share"),
]
each_constraint = pytest.mark.parametrize(("strategy", "live", "share"), LIVE, ids=lambda x: getattr(x, "__name__", ""))


def weight(*shape):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(3))


def test_rows_are_renormed_as_torch_does():
    given = weight(9, 5)
    for limit in (0.5, 2.0, 100.0):
        found = given.clone()
        count = bound_rows(found, limit)
        torch.testing.assert_close(found, torch.renorm(given, 2, 0, limit), rtol=1e-6, atol=0)  # it adds 1e-7
        long = [math.hypot(*row.tolist()) > limit for row in given]
        assert int(count) == sum(long)
        for row, old, was_long in zip(found, given, long, strict=True):
            assert was_long or torch.equal(row, old)
            assert not was_long or math.hypot(*row.tolist()) == pytest.approx(limit, rel=1e-14)


def test_values_are_counted():
    given = torch.tensor([-3.0, -0.5, 0.0, 0.5, 0.6])
    assert int(bound_values(given, 0.5)) == 2 and given.tolist() == [-0.5, -0.5, 0.0, 0.5, 0.5]


@pytest.mark.parametrize("gates", [1, 3, 4])
def test_a_spectrum_is_cut_as_numpy_would(gates):
    blocks = [weight(6, 6) * size for size in (1.0, 0.1, 2.0, 0.02)][:gates]
    found = torch.cat(blocks)
    count = bound_spectrum(found, 0.9)
    assert int(count) == sum(float(np.linalg.norm(b.numpy(), 2)) > 0.9 for b in blocks)
    for new, old in zip(found.chunk(gates), blocks, strict=True):
        u, s, v = np.linalg.svd(old.numpy())
        expected = old if s[0] <= 0.9 else torch.from_numpy(u @ np.diag(np.minimum(s, 0.9)) @ v)
        torch.testing.assert_close(new, expected, rtol=0, atol=1e-13)


def test_the_cheap_bounds_let_no_block_through():
    """Blocks whose largest singular value is just above and just below, of every kind that makes the bounds tight."""
    ones, eye = torch.ones(4, 4).double() / 4, torch.eye(4).double()
    for block in (ones, eye, weight(4, 4) / torch.linalg.matrix_norm(weight(4, 4), 2)):
        for size, cut in ((1 + 1e-9, True), (1 - 1e-9, False)):
            assert bool(bound_spectrum(block * size, 1.0)) == cut


@each_constraint
@pytest.mark.parametrize("windows", [False, True])
def test_the_bound_holds_behind_every_step_and_the_log_says_how_often(strategy, live, share, windows):
    others, given = ((TruncatedBPTT, ClipNorm), {"k1": 3, "max_norm": 1.0}) if windows else ((), {})
    run = train(compose(LanguageModeling, strategy, *others), dtype=torch.float64, **live, **given)
    (limit,) = live.values()
    for name, value in run.weights.items():
        if strategy is ClipWeights:
            assert value.abs().max() <= limit
        elif strategy is MaxNorm and "weight" in name and "embedding" not in name:
            assert value.norm(dim=1).max() <= limit + 1e-12
        elif strategy is SpectralBound and "weight_hh" in name:
            assert max(float(torch.linalg.matrix_norm(block, 2)) for block in value.chunk(4)) <= limit + 1e-12
    assert 0 < float(run.trainer.callback_metrics[share]) <= 1


def test_a_tied_embedding_is_bounded_as_the_output_layer():
    tied = train(compose(LanguageModeling, MaxNorm), max_unit_norm=0.3, tied=True, embedding_size=6)
    free = train(compose(LanguageModeling, MaxNorm), max_unit_norm=0.3)
    assert tied.weights["embedding.weight"].norm(dim=1).max() <= 0.3 + 1e-6
    assert free.weights["embedding.weight"].norm(dim=1).max() > 1


@each_constraint
def test_bfloat16_and_accumulation_train(strategy, live, share):
    run = train(compose(LanguageModeling, strategy), trainer={"precision": "bf16-mixed", "max_epochs": 30}, **live)
    assert float(torch.stack(run.losses[-4:]).mean()) < float(torch.stack(run.losses[:4]).mean()) - 0.02
    run = train(compose(LanguageModeling, strategy), trainer={"accumulate_grad_batches": 2}, **live)
    assert run.task.optimizer_steps == 4
