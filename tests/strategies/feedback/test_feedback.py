"""What is read at each step, for every owner of the feedback seam."""

import pytest
import torch
from torch.utils.data import DataLoader

from conformance.feedback_spy import FROZEN, spied
from conformance.token_streams import B, T, stream
from conformance.training import DROPOUT, assert_same, evaluation_loss, make, train
from unrolled import compose
from unrolled.strategies import (
    CarriedState,
    FreeRunning,
    LossScheduledSampling,
    ParallelScheduledSampling,
    ProfessorForcing,
    ScheduledSampling,
    TeacherForcing,
    TruncatedBPTT,
)
from unrolled.tasks import LanguageModeling

TRUTH = [
    (TeacherForcing, {"ratio": 1.0}),
    (ScheduledSampling, {"start": 1.0, "end": 1.0, "over": 3}),
    (LossScheduledSampling, {"start": 1.0, "end": 1.0}),
    (FreeRunning, {"longest_stretch": 0}),
    (ParallelScheduledSampling, {"start": 0.0, "end": 0.0, "passes": 1}),
    (ProfessorForcing, {"weight": 0.0}),
]
FREE = [
    (TeacherForcing, {"ratio": 0.0}),
    (ScheduledSampling, {"start": 0.0, "end": 0.0, "decay": "linear"}),
    (ScheduledSampling, {"start": 0.0, "end": 0.0, "decay": "inverse_sigmoid"}),
    (LossScheduledSampling, {"start": 0.0, "end": 0.0}),
    (FreeRunning, {}),
    (ParallelScheduledSampling, {"start": 0.0, "end": 0.0, "passes": 8}),
]
always_truth = pytest.mark.parametrize(("owner", "arguments"), TRUTH)
never_truth = pytest.mark.parametrize(("owner", "arguments"), FREE)


@always_truth
def test_the_truth_alone_is_one_fused_call_per_window_and_changes_no_bit(owner, arguments):
    cut = {"k1": 4, "k2": 4, **DROPOUT}
    run, spy = spied(owner, TruncatedBPTT, **arguments, **cut)
    assert spy.sought == [] and [tokens.shape[1] for tokens in spy.trained] == [4] * 7
    assert_same(run, train(compose(LanguageModeling, TruncatedBPTT), **cut, trainer={"max_epochs": 1}))


@never_truth
def test_running_free_reads_what_greedy_generation_writes(owner, arguments):
    run, spy = spied(owner, optimizer=FROZEN, **arguments)
    loader = stream()
    assert len(spy.trained) == len(loader) == 4
    for read, batch in zip(spy.trained, loader, strict=True):  # without a carried state each batch starts anew
        first, steps = batch.inputs[:, :1], batch.inputs.shape[1]
        greedy = run.task.generate(first, steps - 1, temperature=0)
        assert torch.equal(read, torch.cat([first, greedy], 1))
        assert not torch.equal(read, batch.inputs)


@never_truth
@pytest.mark.parametrize("k", [{"k1": 8, "k2": 8}, {"k1": 3, "k2": 3}, {"k1": 1, "k2": 1}], ids=str)
def test_the_own_last_token_crosses_windows_and_batches(owner, arguments, k):
    run, spy = spied(owner, CarriedState, TruncatedBPTT, optimizer=FROZEN, **arguments, **k)
    first = stream().inputs[:, :1]
    read = torch.cat(spy.trained, 1)
    assert read.shape == (B, 28)
    assert torch.equal(read, torch.cat([first, run.task.generate(first, 27, temperature=0)], 1))


def test_a_fresh_row_starts_with_the_truth_again():
    batches = list(stream())
    batches[2] = batches[2]._replace(resets=torch.tensor([[row == 1 and t == 0 for t in range(T)] for row in range(B)]))
    loader = DataLoader(batches, batch_size=None)
    _, spy = spied(CarriedState, TeacherForcing, loader=loader, ratio=0.0, deaf=True)
    assert [tokens[:, 0].tolist() for tokens in spy.trained[1:]] == [
        [0, 0, 0],  # the model's own last token
        [0, int(batches[2].inputs[1, 0]), 0],
        [0, 0, 0],
    ]


@never_truth
def test_running_free_is_teacher_forcing_on_the_tokens_that_were_read(owner, arguments):
    """Loss for loss, bit for bit, while the weights move: a chosen token carries no gradient."""
    run, spy = spied(owner, **arguments)
    read = [batch._replace(inputs=tokens) for batch, tokens in zip(stream(), spy.trained, strict=True)]
    assert_same(run, train(LanguageModeling, loader=DataLoader(read, batch_size=None), trainer={"max_epochs": 1}))


def test_the_truth_is_read_where_nothing_was_said_yet():
    """Behind windows of pure truth, the first token of a schedule that falls below 1 is the truth."""
    loader = DataLoader([next(iter(stream()))] * 2, batch_size=None)
    _, spy = spied(ScheduledSampling, loader=loader, deaf=True, start=1.0, end=0.0, decay="linear", over=1)
    truth = stream().inputs[:, :T]
    assert torch.equal(spy.trained[0], truth)
    assert torch.equal(spy.trained[1][:, 0], truth[:, 0]) and not spy.trained[1][:, 1:].any()


@pytest.mark.parametrize(("owner", "arguments"), [*FREE, (ProfessorForcing, {"weight": 1.0})])
@pytest.mark.parametrize("training", [True, False])
def test_evaluation_and_generation_read_the_truth(owner, arguments, training):
    task, plain = make(compose(LanguageModeling, owner), **arguments).train(training), make(LanguageModeling)
    prefix = stream().inputs[:, :5]
    assert torch.equal(task.generate(prefix, 6, temperature=0), plain.generate(prefix, 6, temperature=0))
    assert task.training is training
    for batch in stream():
        assert torch.equal(evaluation_loss(task.eval(), batch)[0], evaluation_loss(plain.eval(), batch)[0])
