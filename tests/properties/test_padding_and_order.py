"""What must not matter to a task of whole rows: what padding holds, where a row stands, where a bucket ends."""

from itertools import pairwise

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from conformance.training import fit
from unrolled.functional.batch import at_end, lengthen, pad_rows
from unrolled.tasks import SequenceClassification, SequenceTagging

V, C = 9, 3
FROZEN = {"class_path": "SGD", "init_args": {"lr": 0.0}}
KINDS = ("classes of tokens", "classes of series", "labels of tokens", "tags of tokens")
ROWS = 6


def make(kind, bidirectional, pool):
    torch.manual_seed(0)
    cell = {"class_path": "LSTM", "init_args": {"hidden_size": 3, "bidirectional": bidirectional}}
    if kind.startswith("tags"):
        tagging = SequenceTagging(
            vocabulary_size=V, classes=C, embedding_size=4, architecture=cell, optimizer=FROZEN
        )  # fmt: skip
        return tagging.double()
    reads = {"input_size": 2} if "series" in kind else {"vocabulary_size": V, "embedding_size": 4}
    output = "sigmoid" if kind.startswith("labels") else "softmax"
    task = SequenceClassification(
        classes=C, architecture=cell, pool=pool, output=output, shortcut=True, optimizer=FROZEN, **reads
    )
    return task.double()


def rows(kind, seed):
    draw = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, 8, (ROWS,), generator=draw).tolist()
    if "series" in kind:
        inputs = [torch.randn(length, 2, generator=draw, dtype=torch.float64) for length in lengths]
    else:
        inputs = [torch.randint(V, (length,), generator=draw) for length in lengths]
    if kind.startswith("tags"):
        return inputs, [torch.randint(C, (length,), generator=draw) for length in lengths]
    labels = torch.randint(C, (ROWS,), generator=draw)
    if kind.startswith("labels"):
        labels = torch.randint(2, (ROWS, C), generator=draw).double()
    return inputs, [at_end(label, length) for label, length in zip(labels, lengths, strict=True)]


def learnt(task, batches):
    """The loss and the gradients of each batch; the weights stay."""
    run = fit(task, DataLoader(batches, batch_size=None), trainer={"max_epochs": 1})
    return list(zip(run.losses, run.gradients, strict=True))


def agree(found, expected):
    torch.testing.assert_close(found[0], expected[0], rtol=0, atol=1e-12)
    assert found[1].keys() == expected[1].keys()
    for name, gradient in expected[1].items():
        torch.testing.assert_close(found[1][name], gradient, rtol=0, atol=1e-12, msg=name)


SETTINGS = (st.sampled_from(KINDS), st.booleans(), st.sampled_from(["last", "mean", "max", "attention"]))


@settings(max_examples=30)
@given(*SETTINGS, st.integers(0, 99), st.permutations(range(ROWS)), st.integers(0, 5), st.floats(-1e3, 1e3))
def test_padding_and_order(kind, bidirectional, pool, seed, order, more, number):
    inputs, targets = rows(kind, seed)
    (plain,) = learnt(make(kind, bidirectional, pool), [pad_rows(inputs, targets)])
    other = pad_rows([inputs[i] for i in order], [targets[i] for i in order])
    other = lengthen(other, other.inputs.shape[1] + more)
    behind = torch.arange(other.inputs.shape[1]) >= torch.tensor([len(inputs[i]) for i in order])[:, None]
    filled = other.inputs.clone()
    filled[behind] = number if filled.is_floating_point() else seed % V
    (found,) = learnt(make(kind, bidirectional, pool), [other._replace(inputs=filled)])
    agree(found, plain)


@settings(max_examples=30)
@given(*SETTINGS, st.integers(0, 99), st.permutations(range(ROWS)), st.sets(st.integers(1, ROWS - 1)))
def test_borders_of_buckets(kind, bidirectional, pool, seed, order, borders):
    """The losses and gradients of any buckets, weighed by their targets, add up to those of one."""
    inputs, targets = rows(kind, seed)
    (plain,) = learnt(make(kind, bidirectional, pool), [pad_rows(inputs, targets)])
    cuts = [0, *sorted(borders), ROWS]
    buckets = [order[a:b] for a, b in pairwise(cuts)]
    batches = [pad_rows([inputs[i] for i in bucket], [targets[i] for i in bucket]) for bucket in buckets]
    weight = [sum(len(inputs[i]) if kind.startswith("tags") else 1 for i in bucket) for bucket in buckets]
    found = learnt(make(kind, bidirectional, pool), batches)
    shares = [w / sum(weight) for w in weight]
    loss = sum(share * one for share, (one, _) in zip(shares, found, strict=True))
    names = plain[1].keys()
    agree(
        (loss, {n: sum(share * g[n] for share, (_, g) in zip(shares, found, strict=True)) for n in names}), plain
    )  # fmt: skip


def test_the_kinds_are_what_they_say():
    for kind in KINDS:
        inputs, targets = rows(kind, 1)
        assert inputs[0].is_floating_point() == ("series" in kind)
        assert targets[0].is_floating_point() == kind.startswith("labels")
