"""TruncatedBPTT against graphs that are cut by hand."""

import pytest
import torch
from pytorch_lightning.callbacks import GradientAccumulationScheduler
from torch.nn import functional as F

from conformance.references.cells import PARTS, STEPS
from conformance.token_streams import B, T, stream
from conformance.training import DROPOUT, assert_close, assert_same, make, train
from unrolled import compose
from unrolled.errors import InputError
from unrolled.strategies import TruncatedBPTT
from unrolled.tasks import LanguageModeling

Truncated = compose(LanguageModeling, TruncatedBPTT)
LEARNING_RATE = 0.5  # so large that weights of another time would show
WINDOWS = {  # (k1, k2) at T = 8: [first step of the graph, first step with a loss, end] of every window
    (2, 2): [(0, 0, 2), (2, 2, 4), (4, 4, 6), (6, 6, 8)],
    (3, 3): [(0, 0, 3), (3, 3, 6), (6, 6, 8)],
    (2, 4): [(0, 0, 2), (0, 2, 4), (2, 4, 6), (4, 6, 8)],
    (1, 3): [(0, 0, 1), (0, 1, 2), (0, 2, 3), (1, 3, 4), (2, 4, 5), (3, 5, 6), (4, 6, 7), (5, 7, 8)],
    (3, 5): [(0, 0, 3), (1, 3, 6), (4, 6, 8)],
    (3, 20): [(0, 0, 3), (0, 3, 6), (0, 6, 8)],
    (5, 6): [(0, 0, 5), (4, 5, 8)],
    (20, 20): [(0, 0, 8)],
}


def by_hand(cell, weights, inputs, targets, spans):
    """The gradient of every window, and SGD steps between them; each state is the last one computed at its place."""
    weights = {name: value.clone().requires_grad_() for name, value in weights.items()}
    kept, gradients = {0: (torch.zeros(B, 6, dtype=torch.float64),) * PARTS[cell]}, []
    for first, new, end in spans:
        state, loss = tuple(part.detach() for part in kept[first]), 0.0
        for t in range(first, end):
            w = {name.rpartition(".")[2]: value for name, value in weights.items()}
            state = STEPS[cell](weights["embedding.weight"][inputs[:, t]], state, w)
            kept[t + 1] = state
            if t >= new:
                logits = state[0] @ weights["head.weight"].T + weights["head.bias"]
                loss = loss + F.cross_entropy(logits, targets[:, t], reduction="sum") / (B * (end - new))
        gradients.append(dict(zip(weights, torch.autograd.grad(loss, [*weights.values()]), strict=True)))
        with torch.no_grad():
            for name, value in gradients[-1].items():
                weights[name] -= LEARNING_RATE * value
    return gradients


@pytest.mark.parametrize("cell", STEPS)
@pytest.mark.parametrize("k1k2", WINDOWS, ids=str)
def test_the_gradient_of_every_window(cell, k1k2):
    arguments = {
        "architecture": {"class_path": cell, "init_args": {"hidden_size": 6}},
        "optimizer": {"class_path": "SGD", "init_args": {"lr": LEARNING_RATE}},
    }
    start = dict(make(LanguageModeling, **arguments).double().named_parameters())
    batch = next(iter(stream()))
    expected = by_hand(cell, {n: p.detach() for n, p in start.items()}, batch.inputs, batch.targets, WINDOWS[k1k2])
    run = train(
        Truncated,
        k1=k1k2[0],
        k2=k1k2[1],
        past="recomputed",
        dtype=torch.float64,
        trainer={"max_steps": 1, "max_epochs": 1},
        **arguments,
    )
    assert len(run.gradients) == len(expected)
    for actual, wanted in zip(run.gradients, expected, strict=True):
        assert_close(actual, wanted)


@pytest.mark.parametrize("k", [{"k1": T}, {"k1": T, "k2": T + 1}, {"k1": 99}])
def test_a_window_as_long_as_the_batch_is_full_backpropagation(k):
    assert_same(train(Truncated, **DROPOUT, **k), train(LanguageModeling, **DROPOUT))


def test_k2_is_k1_unless_said():
    assert_same(train(Truncated, k1=3), train(Truncated, k1=3, k2=3))


@pytest.mark.parametrize(("k1", "steps"), [(1, 8), (3, 3), (4, 2), (8, 1)])
def test_the_optimizer_steps_once_per_window_and_lightning_counts_batches(k1, steps, monkeypatch):
    called = []
    step = torch.optim.SGD.step
    monkeypatch.setattr(torch.optim.SGD, "step", lambda self, closure=None: called.append(1) or step(self, closure))
    run = train(
        Truncated, k1=k1, k2=8, optimizer={"class_path": "SGD", "init_args": {"lr": 0.1}}, trainer={"max_steps": 2}
    )
    assert len(called) == 2 * steps == run.task.optimizer_steps
    assert run.trainer.global_step == 2


@pytest.mark.parametrize("gradient_accumulation", ["argument", "callback"])
def test_accumulation_over_batches_is_refused(gradient_accumulation):
    given = {"trainer": {"accumulate_grad_batches": 2}}
    if gradient_accumulation == "callback":
        given = {"callbacks": [GradientAccumulationScheduler({0: 2})]}
    with pytest.raises(InputError, match="accumulate_grad_batches.*TruncatedBPTT.*got 2") as caught:
        train(Truncated, k1=4, **given)
    assert "\n" not in str(caught.value)


def test_the_default_is_a_truncation_of_35_steps():
    assert (make(Truncated).k1, make(Truncated).k2) == (35, 35)
