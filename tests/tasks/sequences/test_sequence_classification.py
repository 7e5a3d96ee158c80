"""SequenceClassification against torch's packed sequences and scikit-learn: pooling, lengths, cuts in time, metrics."""

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, f1_score
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence
from torch.utils.data import DataLoader

from conformance.training import QUIET, assert_close, fit, weights
from unrolled import compose
from unrolled.data.loaders.bucketed import BucketedLoader
from unrolled.errors import InputError
from unrolled.functional.batch import IGNORE, SequenceBatch, at_end, lengthen, pad_rows
from unrolled.strategies import CarriedState, CheckpointedBPTT, ClipNorm, TruncatedBPTT
from unrolled.tasks import SequenceClassification, SequenceTagging
from unrolled.tasks.sequences.metrics import ClassMetrics

V, C, H = 9, 3, 4
POOLS = ("last", "mean", "max", "attention")
both_ways = pytest.mark.parametrize("bidirectional", [False, True], ids=["one", "both"])
each_pool = pytest.mark.parametrize("pool", POOLS)


def make(*strategies, bidirectional=False, layers=1, **given):
    torch.manual_seed(0)
    cell = {"hidden_size": H, "bidirectional": bidirectional, "num_layers": layers}
    arguments = {
        "classes": C,
        "vocabulary_size": V,
        "embedding_size": 5,
        "architecture": {"class_path": "LSTM", "init_args": cell},
        "optimizer": {"class_path": "Adam", "init_args": {"lr": 0.02}},
    }
    return compose(SequenceClassification, *strategies)(**arguments | given).double()


def rows(count=12, longest=9, seed=0):
    draw = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, longest + 1, (count,), generator=draw).tolist()
    inputs = [torch.randint(V, (length,), generator=draw) for length in lengths]
    classes = torch.randint(C, (count,), generator=draw)
    return inputs, [at_end(label, length) for label, length in zip(classes, lengths, strict=True)], classes


def loader(inputs, targets, count=4, **given):
    return BucketedLoader(inputs, targets, rows=count, **given)


class Packed(nn.Module):
    """The same weights in torch alone: packed sequences, and each row pooled by itself."""

    def __init__(self, task, bidirectional, layers=1):
        super().__init__()
        self.embedding, self.head, self.pool = task.embedding, task.head, task.pool
        width = 2 * H if bidirectional else H
        sizes = [5] + [width] * (layers - 1)
        self.stack = nn.ModuleList(nn.LSTM(size, H, batch_first=True, bidirectional=bidirectional) for size in sizes)
        self.double()
        ways = 1 + bidirectional
        with torch.no_grad():
            for k, cell in enumerate(task.architecture.cells):
                for name, value in cell.named_parameters():
                    suffix = "_reverse" if k % ways else ""
                    getattr(self.stack[k // ways], name + suffix).copy_(value)

    def forward(self, inputs):
        lengths = [len(row) for row in inputs]
        x = self.embedding(nn.utils.rnn.pad_sequence(inputs, batch_first=True))
        for layer in self.stack:
            packed, (final, _) = layer(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False))
            x, _ = pad_packed_sequence(packed, batch_first=True)
        return self.head(torch.stack([self.pooled(x[b, :n], final[:, b]) for b, n in enumerate(lengths)]))

    def pooled(self, h, final):
        match self.pool.how:
            case "last":
                return final.flatten()
            case "mean":
                return h.mean(0)
            case "max":
                return h.amax(0)
        scores = 20 * torch.tanh(self.pool.score(h)[:, 0] / 20)
        return torch.softmax(scores, 0) @ h


@each_pool
@both_ways
@pytest.mark.parametrize("layers", [1, 2])
def test_what_is_told_and_its_gradient_equal_packed_sequences(pool, bidirectional, layers):
    task = make(pool=pool, bidirectional=bidirectional, layers=layers)
    inputs, targets, classes = rows()
    plain = Packed(task, bidirectional, layers)
    batch = pad_rows(inputs, targets)
    logits = plain(inputs)
    torch.testing.assert_close(task.probabilities(batch), logits.softmax(-1), rtol=0, atol=1e-12)
    run = fit(task, loader(inputs, targets, count=12), trainer={"max_epochs": 1})
    expected = F.cross_entropy(logits, classes)
    torch.testing.assert_close(run.losses[0], expected.detach(), rtol=0, atol=1e-12)


def gradients(task, batch):
    """Of one training batch."""
    run = fit(task, DataLoader([batch], batch_size=None), trainer={"max_epochs": 1})
    return run.losses[0], run.gradients[0]


@given(st.integers(0, 50), st.permutations(range(6)), st.integers(0, 7), st.booleans(), st.sampled_from(POOLS))
def test_padding_and_the_order_of_rows_change_no_loss_and_no_gradient(seed, order, more, bidirectional, pool):
    inputs, targets, _ = rows(6, seed=seed)
    plain = gradients(make(pool=pool, bidirectional=bidirectional), pad_rows(inputs, targets))
    again = pad_rows([inputs[i] for i in order], [targets[i] for i in order])
    again = lengthen(again, again.inputs.shape[1] + more)
    behind = torch.arange(again.inputs.shape[1]) >= torch.tensor([len(inputs[i]) for i in order])[:, None]
    noise = torch.randint(V, again.inputs.shape, generator=torch.Generator().manual_seed(seed))
    again = again._replace(inputs=again.inputs.where(~behind, noise))
    other = gradients(make(pool=pool, bidirectional=bidirectional), again)
    torch.testing.assert_close(other[0], plain[0], rtol=0, atol=1e-12)
    assert other[1].keys() == plain[1].keys()
    for name, gradient in plain[1].items():
        torch.testing.assert_close(other[1][name], gradient, rtol=0, atol=1e-12, msg=name)


@pytest.mark.parametrize("count", [1, 2, 5, 12])
@both_ways
def test_the_border_of_a_bucket_changes_no_evaluation(count, bidirectional):
    inputs, targets, _ = rows()
    measured = []
    for size in (12, count):
        (found,) = pl.Trainer(**QUIET).validate(
            make(pool="attention", bidirectional=bidirectional), loader(inputs, targets, size), verbose=False
        )
        measured.append(found)
    assert measured[0] == pytest.approx(measured[1], rel=1e-12)


@each_pool
def test_a_row_read_in_chunks_with_its_state_carried_tells_the_same(pool):
    """In evaluation bit for bit the same figures; and training's loss, whose gradient alone ends at the cut."""
    inputs, targets, _ = rows(longest=20)
    whole, cut = (
        pl.Trainer(**QUIET).validate(make(pool=pool), loader(inputs, targets, chunk=chunk), verbose=False)[0]
        for chunk in (None, 3)
    )
    assert cut == pytest.approx(whole, rel=1e-12)
    frozen = {"optimizer": {"class_path": "SGD", "init_args": {"lr": 0.0}}}
    pieces = fit(
        make(CarriedState, pool=pool, **frozen), loader([inputs[0]], [targets[0]], chunk=3), trainer={"max_epochs": 1}
    )
    once = fit(make(pool=pool, **frozen), loader([inputs[0]], [targets[0]]), trainer={"max_epochs": 1})
    assert len(inputs[0]) > 3 and len(pieces.losses) == len(once.losses) == 1
    torch.testing.assert_close(pieces.losses[0], once.losses[0], rtol=0, atol=1e-12)


@each_pool
def test_truncation_pools_the_whole_row_and_cuts_its_gradient_alone(pool):
    """Against a loop that detaches the state, what is pooled included, in front of the row's last window."""
    inputs, targets, classes = rows(1, longest=20, seed=5)
    (row,) = inputs
    k = 3
    assert len(row) > k
    run = fit(make(TruncatedBPTT, pool=pool, k1=k), loader(inputs, targets), trainer={"max_epochs": 1})
    task = make(pool=pool)
    state = task.initial_state(1)
    for begin in range(0, len(row), k):
        state = tuple(part.detach() for part in state)
        hidden, state = task.predict(row[None, begin : begin + k], state)
    F.cross_entropy(task.head(hidden[:, -1]), classes).backward()
    assert len(run.losses) == 1  # windows without a label are not trained on
    assert_close(run.gradients[0], {name: p.grad for name, p in task.named_parameters() if p.grad is not None})


@each_pool
@pytest.mark.parametrize(
    "strategy", [(CheckpointedBPTT, {}), (ClipNorm, {"max_norm": 1e9}), (TruncatedBPTT, {"k1": 99})]
)
def test_strategies_without_effect_change_nothing(pool, strategy):
    cls, arguments = strategy
    inputs, targets, _ = rows()
    plain = fit(make(pool=pool), loader(inputs, targets))
    mixed = fit(make(cls, pool=pool, **arguments), loader(inputs, targets))
    assert_close(mixed.weights, plain.weights)


def test_the_last_output_of_one_direction_is_tagging_at_the_last_step():
    inputs, targets, _ = rows()
    tagging = SequenceTagging(
        vocabulary_size=V,
        classes=C,
        embedding_size=5,
        architecture={"class_path": "LSTM", "init_args": {"hidden_size": H}},
        optimizer={"class_path": "Adam", "init_args": {"lr": 0.02}},
    ).double()
    task = make()
    tagging.load_state_dict({k: v for k, v in task.state_dict().items() if not k.startswith("judges")}, strict=False)
    assert_close(weights(fit(task, loader(inputs, targets)).task), weights(fit(tagging, loader(inputs, targets)).task))


@pytest.mark.parametrize("processes", [1, 2])
@both_ways
def test_the_metrics_are_scikit_learns(processes, bidirectional):
    inputs, targets, classes = rows(25)
    task = make(bidirectional=bidirectional)
    told = task.probabilities(pad_rows(inputs, targets)).argmax(-1)
    runner = pl.Trainer(**QUIET | ({"devices": 2, "strategy": "ddp_fork"} if processes == 2 else {}))

    class Parts(pl.LightningDataModule):
        def test_dataloader(self):
            place = (self.trainer.global_rank, self.trainer.world_size)
            return loader(inputs, targets, 3, rank=place[0], world_size=place[1])

    (measured,) = runner.test(task, datamodule=Parts(), verbose=False)
    accuracy = float((told == classes).double().mean())
    assert 0 < accuracy < 1 and measured["test/accuracy"] == pytest.approx(accuracy, rel=1e-6)
    assert measured["test/error_rate"] == pytest.approx(1 - accuracy, rel=1e-6)
    assert measured["test/f1"] == pytest.approx(f1_score(classes, told, average="macro"), rel=1e-6)
    if processes == 1:
        found = task.findings(object(), "test")
        assert found["confusion"] == confusion_matrix(classes, told, labels=range(C)).tolist()
        assert found["classes"] == ["0", "1", "2"]


@both_ways
def test_several_labels_by_sigmoid(bidirectional):
    inputs, _, _ = rows()
    labels = torch.randint(2, (12, 2)).double()
    targets = [at_end(label, len(row)) for label, row in zip(labels, inputs, strict=True)]
    task = make(output="sigmoid", classes=2, bidirectional=bidirectional)
    logits = Packed(task, bidirectional)(inputs).detach()
    torch.testing.assert_close(task.probabilities(pad_rows(inputs, targets)), logits.sigmoid(), rtol=0, atol=1e-12)
    (measured,) = pl.Trainer(**QUIET).validate(task, loader(inputs, targets, 5), verbose=False)
    assert measured["val/loss"] == pytest.approx(float(F.binary_cross_entropy_with_logits(logits, labels)), rel=1e-6)
    assert measured["val/accuracy"] == pytest.approx(float(((logits > 0) == labels).double().mean()), rel=1e-6)
    expected = f1_score(labels, logits > 0, average="macro", zero_division=0)
    assert measured["val/f1"] == pytest.approx(expected, rel=1e-6)
    assert np.asarray(task.findings(None, "valid")["confusion"]).shape == (2, 2, 2)


@pytest.mark.parametrize("output", ["softmax", "sigmoid"])
def test_without_an_example_nothing_is_told_of_classes(output, recwarn):
    judge = ClassMetrics(C, output)
    shape = (C, C) if output == "softmax" else (C, 2, 2)
    none = torch.zeros((0,) if output == "softmax" else (0, C), dtype=torch.int64)
    judge.update(none, none)
    found, confusion = judge.conclude("val")
    assert {*found} == {"val/accuracy", "val/f1", "val/error_rate"} and all(value.isnan() for value in found.values())
    assert confusion.shape == shape and not confusion.any() and not recwarn.list
    some = torch.ones((1,) if output == "softmax" else (1, C), dtype=torch.int64)
    judge.update(some, some)
    judge.update(none, none)
    found, confusion = judge.conclude("val")
    assert found["val/accuracy"] == 1 and confusion.shape == shape and confusion.sum() == (1 if shape == (C, C) else C)


def test_numbers_are_read_as_they_are():
    series = [torch.randn(length, 2, dtype=torch.float64) for length in (3, 5, 1)]
    targets = [at_end(torch.tensor(k), len(one)) for k, one in enumerate(series)]
    task = make(vocabulary_size=None, input_size=2)
    assert task.embedding is None
    run = fit(task, loader(series, targets), trainer={"max_epochs": 60})
    assert float(run.losses[-1]) < float(run.losses[0])


def test_both_directions_refuse_rows_that_go_on():
    inputs, targets, _ = rows(longest=20)
    with pytest.raises(InputError, match="needs full sequences, but a row of this batch continues"):
        fit(make(bidirectional=True), loader(inputs, targets, chunk=3))
    packed = SequenceBatch(
        torch.zeros(1, 4, dtype=torch.long), torch.tensor([[IGNORE, 0, IGNORE, 1]]), torch.tensor([[1, 0, 1, 0]]).bool()
    )
    with pytest.raises(InputError, match="or holds several"):
        fit(make(bidirectional=True), DataLoader([packed], batch_size=None))


@pytest.mark.parametrize("strategy", [(TruncatedBPTT, {"k1": 3}), (CarriedState, {})], ids=["truncation", "memory"])
def test_both_directions_refuse_strategies_that_cut(strategy):
    cls, arguments = strategy
    with pytest.raises(InputError, match=f"bidirectional: true needs full sequences, but {cls.__name__} splits"):
        make(cls, bidirectional=True, **arguments)


def test_rows_that_go_on_are_refused_where_nothing_carries_the_state():
    inputs, targets, _ = rows(longest=20)
    with pytest.raises(InputError, match="expected the strategy CarriedState"):
        fit(make(), loader(inputs, targets, chunk=3))


@pytest.mark.parametrize(
    ("given", "message"),
    [({}, "expected the strategy CarriedState"), ({"bidirectional": True}, "needs full sequences, but a row")],
    ids=["one direction", "both directions"],
)
@pytest.mark.parametrize("kind", ["classes", "classes of series", "tags"])
def test_rows_that_go_on_are_refused_before_the_first_step(given, message, kind):
    """Even where the first batch holds no such row."""
    lengths = [2] * 8 + [7] * 4
    if kind == "tags":
        cell = {"class_path": "LSTM", "init_args": {"hidden_size": H, **given}}
        task = SequenceTagging(
            vocabulary_size=V, classes=C, architecture=cell, optimizer={"class_path": "Adam"}
        )  # fmt: skip
        inputs, targets = [torch.ones(n, dtype=torch.long) for n in lengths], [torch.ones(n).long() for n in lengths]
    else:
        task = make(**given, **({"vocabulary_size": None, "input_size": 2} if "series" in kind else {}))
        inputs = [torch.ones(n, 2).double() if "series" in kind else torch.ones(n).long() for n in lengths]
        targets = [at_end(torch.tensor(1), n) for n in lengths]
    made = next(one for seed in range(9) if not (one := loader(inputs, targets, chunk=4, shuffle=seed)).plan(0)[0][1]
                and len(one.batch(0).inputs[0]) == 2)  # fmt: skip
    with pytest.raises(InputError, match=message):
        fit(task, made)
    assert task.optimizer_steps == 0
    whole = loader(inputs, targets, chunk=7)
    assert not whole.spans_batches and made.spans_batches
    fit(task, whole, trainer={"max_epochs": 1})


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"classes": 1}, "2 classes or more, got 1"),
        ({"vocabulary_size": None}, "a vocabulary_size or an input_size, got None and None"),
        ({"input_size": 3}, "got 9 and 3"),
        ({"embedding_size": 0}, "sizes of at least 1, got 9 and 0"),
        ({"pool": "sum"}, "pool to be one of last, mean, max, attention, got 'sum'"),
        ({"output": "tanh"}, "output of softmax or sigmoid, got 'tanh'"),
        ({"dropout": 1.0}, "dropout"),
        ({"embedding_dropout": 1.0}, r"embedding_dropout in \[0, 1\), got 1.0"),
        ({"label_smoothing": 1.0}, r"label_smoothing in \[0, 1\), and 0 with sigmoid, got 1.0"),
        ({"label_smoothing": float("nan")}, "label_smoothing .* got nan"),
        ({"label_smoothing": 0.1, "output": "sigmoid"}, "and 0 with sigmoid, got 0.1"),
    ],
    ids=str,
)
def test_wrong_arguments_are_refused_in_one_line(wrong, message):
    with pytest.raises(InputError, match=message) as caught:
        make(**wrong)
    assert "\n" not in str(caught.value)


def test_targets_of_the_other_output_are_refused():
    inputs, targets, _ = rows()
    with pytest.raises(InputError, match="output sigmoid does not fit data with one class"):
        fit(make(output="sigmoid"), loader(inputs, targets))


def test_embeddings_start_small():
    task = make(vocabulary_size=5000)
    assert float(task.embedding.weight.detach().std()) == pytest.approx(0.1, rel=0.02)
