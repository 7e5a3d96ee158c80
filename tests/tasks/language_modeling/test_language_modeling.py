"""LanguageModeling against torch alone: training, tied weights, dropout, arguments."""

import math

import pytest
import torch
from torch.nn import functional as F

from conformance.references.loops import Plain, full
from conformance.token_streams import stream
from conformance.training import TASK, assert_close, assert_same, evaluation_loss, fit, make, train, weights
from unrolled import compose
from unrolled.errors import InputError
from unrolled.strategies import CarriedState, TruncatedBPTT
from unrolled.tasks import LanguageModeling


def test_training_equals_a_loop_in_torch_alone():
    plain = Plain(weights(make(LanguageModeling).double()))
    full(plain, torch.optim.Adam(plain.parameters(), lr=0.02), [*stream(), *stream()])
    run = train(LanguageModeling, dtype=torch.float64)
    assert_close(run.weights, weights(plain))


def test_the_loss_is_the_mean_over_targets_that_are_not_padding():
    task, batch = make(LanguageModeling).double(), list(stream())[-1]
    assert (batch.targets == -100).sum() == 2
    hidden, _ = task.predict(batch.inputs, task.initial_state(3))
    total, count = task.measure(hidden, batch.targets)
    expected = F.cross_entropy(task.head(hidden).transpose(1, 2), batch.targets, ignore_index=-100)
    assert int(count) == 10
    torch.testing.assert_close(total / count, expected, rtol=1e-14, atol=0)


def test_tied_weights_are_one_parameter():
    run = train(LanguageModeling, tied=True, embedding_size=6)
    task = run.task
    assert task.head.weight is task.embedding.weight
    free = make(LanguageModeling, embedding_size=6)
    assert sum(p.numel() for p in free.parameters()) - sum(p.numel() for p in task.parameters()) == 7 * 6
    gradient = make(LanguageModeling, tied=True, embedding_size=6)
    (batch, *_) = stream()
    hidden, _ = gradient.predict(batch.inputs, gradient.initial_state(3))
    gradient.measure(hidden, batch.targets)[0].backward()
    assert gradient.embedding.weight.grad[batch.targets.unique()].any(1).all()  # from the output as from the input


def test_dropout_is_off_in_evaluation_and_reproducible_in_training():
    arguments = {"dropout": 0.5}
    assert_same(train(LanguageModeling, **arguments), train(LanguageModeling, **arguments))
    task, plain = make(LanguageModeling, **arguments).eval(), make(LanguageModeling)
    assert all(torch.equal(evaluation_loss(task, batch)[0], evaluation_loss(plain, batch)[0]) for batch in stream())
    task.train()
    batch = next(iter(stream()))
    assert not torch.equal(*(task.predict(batch.inputs, task.initial_state(3))[0] for _ in range(2)))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"tied": True}, "tied.*5 and 6"),
        ({"dropout": 1.0}, "dropout.*1.0"),
        ({"dropout": -0.1}, "dropout.*-0.1"),
        ({"dropout": math.nan}, "dropout.*nan"),
        ({"architecture": {"class_path": "LSTM", "init_args": {"hidden_size": 6, "bidirectional": True}}}, "direction"),
        ({"architecture": {"class_path": "os.system", "init_args": {}}}, "LSTM.*os.system"),
        ({"embedding_size": 0}, "at least 1, got 0"),
    ],
    ids=str,
)
def test_wrong_arguments_are_refused_in_one_line(wrong, message):
    with pytest.raises(InputError, match=message) as caught:
        make(LanguageModeling, **wrong)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("bad", [7, -3])
def test_a_label_out_of_range_is_refused_before_the_first_step(bad):
    loader = stream()
    loader.targets[1, 2] = bad
    task = make(LanguageModeling)
    before = weights(task)
    with pytest.raises(InputError, match=f"targets: expected 0 to .*got {bad}"):
        fit(task, loader)
    assert_close(weights(task), before, 0)


def test_a_checkpoint_makes_the_same_class_again(tmp_path):
    cls = compose(LanguageModeling, TruncatedBPTT, CarriedState)
    run = train(cls, k1=3)
    run.trainer.save_checkpoint(tmp_path / "last.ckpt")
    again = cls.load_from_checkpoint(tmp_path / "last.ckpt", weights_only=True)
    assert_close(weights(again), run.weights, 0)
    assert again.k1 == 3 and again.hparams.vocabulary_size == TASK["vocabulary_size"]
