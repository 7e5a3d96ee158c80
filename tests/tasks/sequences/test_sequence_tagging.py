"""SequenceTagging against torch and scikit-learn: training, steps without a class, accuracy, arguments."""

import math

import pytest
import pytorch_lightning as pl
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader

from conformance.training import QUIET, assert_close, fit, weights
from unrolled import compose
from unrolled.data import CopyMemory, TemporalOrder
from unrolled.data.synthetic.synthetic_data import SyntheticLoader
from unrolled.errors import InputError
from unrolled.functional.batch import IGNORE, SequenceBatch, pad_rows
from unrolled.strategies import TruncatedBPTT
from unrolled.tasks import SequenceTagging

GRU = {"class_path": "GRU", "init_args": {"hidden_size": 5}}
V, C = 6, 4


def make(**given):
    torch.manual_seed(0)
    adam = {"class_path": "Adam", "init_args": {"lr": 0.02}}
    return SequenceTagging(**{"vocabulary_size": V, "classes": C, "architecture": GRU, "optimizer": adam} | given)


def batches(count=4, rows=3, length=7):
    """Random tokens and classes; a third of the steps has none."""
    made = []
    for number in range(count):
        draw = torch.Generator().manual_seed(number)
        inputs = torch.randint(V, (rows, length), generator=draw)
        targets = torch.randint(C, (rows, length), generator=draw)
        targets[torch.rand(targets.shape, generator=draw) < 0.3] = IGNORE
        made.append(SequenceBatch(inputs, targets, (torch.arange(length) == 0).repeat(rows, 1)))
    return made


def loader(made):
    return DataLoader(made, batch_size=None)


class Plain(nn.Module):
    """The same weights in torch alone."""

    def __init__(self, task, embedding_size):
        super().__init__()
        if embedding_size:
            self.embedding = nn.Embedding(V, embedding_size)
        self.one_hot = not embedding_size
        self.architecture = nn.ModuleDict({"cells": nn.ModuleList([nn.GRU(embedding_size or V, 5, batch_first=True)])})
        self.head = nn.Linear(5, C)
        self.double().load_state_dict(task.state_dict())

    def forward(self, tokens):
        features = torch.eye(V, dtype=torch.float64)[tokens] if self.one_hot else self.embedding(tokens)
        return self.head(self.architecture["cells"][0](features)[0])


@pytest.mark.parametrize("embedding_size", [None, 3])
def test_training_equals_a_loop_in_torch_alone(embedding_size):
    plain = Plain(make(embedding_size=embedding_size).double(), embedding_size)
    optimizer = torch.optim.Adam(plain.parameters(), lr=0.02)
    for inputs, targets, _ in [*batches(), *batches()]:
        optimizer.zero_grad()
        F.cross_entropy(plain(inputs).transpose(1, 2), targets, ignore_index=-100).backward()
        optimizer.step()
    run = fit(make(embedding_size=embedding_size).double(), loader(batches()))
    assert_close(run.weights, weights(plain))


@pytest.mark.parametrize("stage", ["val", "test"])
def test_evaluation_equals_torch(stage):
    """Twice, so that nothing is carried from one evaluation into the next."""
    task = make().double()
    run = fit(task, loader(batches()))
    evaluate = run.trainer.validate if stage == "val" else run.trainer.test
    split = batches(5)
    measured, again = (evaluate(task, loader(split), verbose=False)[0] for _ in range(2))
    assert measured == again
    plain = Plain(task, None)
    logits = torch.cat([plain(b.inputs).detach().flatten(0, 1) for b in split])
    targets = torch.cat([b.targets.flatten() for b in split])
    known = targets != IGNORE
    expected = float(F.cross_entropy(logits[known], targets[known]))
    assert measured[f"{stage}/loss"] == measured[f"{stage}/nats_per_target"] == pytest.approx(expected, rel=1e-6)
    accuracy = float((targets[known] == logits[known].argmax(-1)).double().mean())
    assert 0 < accuracy < 1 and measured[f"{stage}/accuracy"] == pytest.approx(accuracy, rel=1e-6)
    assert measured[f"{stage}/error_rate"] == pytest.approx(1 - accuracy, rel=1e-6)


def test_two_processes_measure_the_targets_of_both():
    data = TemporalOrder(length=10, eval_batch_size=3, eval_batches=2)
    task = make(**data.sizes())
    trainer = pl.Trainer(**QUIET, devices=2, strategy="ddp_fork")
    (measured,) = trainer.test(task, datamodule=data, verbose=False)
    split = [batch for rank in (0, 1) for batch in SyntheticLoader(data, "test", rank)]
    hidden = [task.predict(batch.inputs, task.initial_state(3))[0] for batch in split]
    logits, targets = task.head(torch.cat(hidden))[:, -1].detach(), torch.cat([batch.targets[:, -1] for batch in split])
    assert len(targets) == 12
    assert measured["test/loss"] == pytest.approx(float(F.cross_entropy(logits, targets)), rel=1e-6)
    assert measured["test/accuracy"] == pytest.approx(float((targets == logits.argmax(-1)).double().mean()), rel=1e-6)


def test_training_measures_no_accuracy_and_moves_none():
    task = make().double()
    run = fit(task, loader(batches()), validation=loader(batches()), trainer={"log_every_n_steps": 1})
    logged = {name for name in run.trainer.callback_metrics if "/" in name}
    trained, checked = ({f"{stage}/loss", f"{stage}/nats_per_target"} for stage in ("train", "val"))
    assert logged == trained | checked | {"train/grad_norm", "val/accuracy", "val/error_rate"}
    assert all(metric.update_count == 0 for metric in task.accuracies.values())
    logged_last = float(run.trainer.callback_metrics["val/accuracy"])  # behind a second epoch of training
    (measured,) = run.trainer.validate(task, loader(batches()), verbose=False)
    assert logged_last == measured["val/accuracy"]


@pytest.mark.parametrize(
    ("data", "baselines"),
    [
        (CopyMemory(delay=4, length=2, symbols=3), {"memoryless": 2 * math.log(3) / 8}),
        (TemporalOrder(length=10, bits=3), {"chance": 3 * math.log(2)}),
    ],
    ids=["copy", "order"],
)
def test_generated_data_fit_and_have_baselines(data, baselines):
    data.setup()
    task = make(**data.sizes())
    assert len(fit(task, data.train_dataloader(), trainer={"max_epochs": 1, "limit_train_batches": 2}).losses) == 2
    assert task.baselines(data, "test") == {"baseline_metric": "nats_per_target", "baselines": baselines}


def test_dropout_thins_an_embedding_and_the_outputs_but_not_single_tokens():
    inputs = batches()[0].inputs
    one_hot, embedded = make(dropout=0.5), make(dropout=0.5, embedding_size=4)
    assert torch.equal(one_hot.embed(inputs), F.one_hot(inputs, V).float())
    assert 0 < int((embedded.embed(inputs) == 0).sum()) < inputs.numel() * 4
    for task in (one_hot, embedded):
        assert (task.predict(inputs, task.initial_state(3))[0] == 0).any()
        assert not (task.eval().predict(inputs, task.initial_state(3))[0] == 0).any()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"vocabulary_size": 0}, "at least 1 token and 2 classes, got 0 and 4"),
        ({"classes": 1}, "got 6 and 1"),
        ({"embedding_size": 0}, "embedding_size of at least 1, or null, got 0"),
        ({"dropout": -0.5}, "dropout.*-0.5"),
    ],
    ids=str,
)
def test_wrong_arguments_are_refused_in_one_line(wrong, message):
    with pytest.raises(InputError, match=message) as caught:
        make(**wrong)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("bad", [C, -3])
def test_a_class_out_of_range_is_refused_before_the_first_step(bad):
    made = batches()
    made[0].targets[1, 2] = bad
    task = make()
    before = weights(task)
    with pytest.raises(InputError, match=f"targets: expected 0 to .*got {bad}"):
        fit(task, loader(made))
    assert_close(weights(task), before, 0)


def test_both_directions_read_each_row_up_to_its_last_target():
    """Against packed sequences in torch alone; what stands in padding changes nothing."""
    both = {"class_path": "GRU", "init_args": {"hidden_size": 5, "bidirectional": True}}
    task = make(architecture=both, embedding_size=3).double()
    rows = [torch.randint(V, (length,)) for length in (7, 2, 4)]
    classes = [torch.randint(C, (len(row),)) for row in rows]
    plain = nn.GRU(3, 5, batch_first=True, bidirectional=True).double()
    with torch.no_grad():
        for suffix, cell in zip(("", "_reverse"), task.architecture.cells, strict=True):
            for name, value in cell.named_parameters():
                getattr(plain, name + suffix).copy_(value)
    logits = [task.head(plain(task.embedding(row)[None])[0][0]) for row in rows]
    expected = F.cross_entropy(torch.cat(logits), torch.cat(classes))
    batch = pad_rows(rows, classes)
    batch = batch._replace(inputs=batch.inputs.where(batch.targets != IGNORE, 1))
    run = fit(task, loader([batch]), trainer={"max_epochs": 1})
    torch.testing.assert_close(run.losses[0], expected.detach(), rtol=0, atol=1e-12)
    with pytest.raises(InputError, match="needs full sequences, but TruncatedBPTT splits"):
        cut = compose(SequenceTagging, TruncatedBPTT)
        cut(vocabulary_size=V, classes=C, architecture=both, k1=2)
