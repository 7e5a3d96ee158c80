"""What is pooled beside the outputs, what is not read, and what is not quite certain, against the same by hand."""

import pytest
import torch
from torch.nn import functional as F
from torch.utils.data import DataLoader

from conformance.training import assert_close, fit
from unrolled import compose
from unrolled.architectures.dropout_masks import Masks
from unrolled.functional.batch import at_end, pad_rows
from unrolled.strategies import TruncatedBPTT
from unrolled.tasks import SequenceClassification

V, C, H, E = 9, 3, 4, 5
POOLS = ("last", "mean", "max", "attention")


def make(*strategies, bidirectional=False, **given):
    torch.manual_seed(0)
    arguments = {
        "classes": C,
        "vocabulary_size": V,
        "embedding_size": E,
        "architecture": {"class_path": "GRU", "init_args": {"hidden_size": H, "bidirectional": bidirectional}},
        "optimizer": {"class_path": "SGD", "init_args": {"lr": 0.1}},
    }
    return compose(SequenceClassification, *strategies)(**arguments | given).double()


def rows():
    draw = torch.Generator().manual_seed(3)
    inputs = [torch.randint(V, (length,), generator=draw) for length in (4, 1, 7, 3)]
    classes = torch.tensor([0, 2, 1, 2])
    return inputs, [at_end(label, len(row)) for label, row in zip(classes, inputs, strict=True)], classes


def once(task, inputs, targets):
    """The loss and the gradients of one batch."""
    run = fit(task, DataLoader([pad_rows(inputs, targets)], batch_size=None), trainer={"max_epochs": 1})
    return run.losses[0], run.gradients[0]


def pooled(task, features, directions):
    """Of one row (T, E) alone, by the cell's fused call and the definition of each pool."""
    hidden, (state,) = task.architecture(features[None])
    hidden = hidden[0]
    if task.pool.how == "last":
        return torch.cat([state[0].flatten(), features[-1]])
    both = torch.cat([hidden, features], -1)
    match task.pool.how:
        case "mean":
            return both.mean(0)
        case "max":
            return both.amax(0)
    return torch.softmax(20 * torch.tanh(task.pool.score(both)[:, 0] / 20), 0) @ both


@pytest.mark.parametrize("bidirectional", [False, True], ids=["one", "both"])
@pytest.mark.parametrize("pool", POOLS)
def test_a_shortcut_pools_each_steps_own_features_beside_the_outputs(pool, bidirectional):
    inputs, targets, classes = rows()
    task = make(pool=pool, shortcut=True, bidirectional=bidirectional)
    hand = make(pool=pool, shortcut=True, bidirectional=bidirectional)
    assert task.head.in_features == H * (1 + bidirectional) + E
    loss, gradients = once(task, inputs, targets)
    logits = hand.head(torch.stack([pooled(hand, hand.embedding(row), 1 + bidirectional) for row in inputs]))
    expected = F.cross_entropy(logits, classes)
    expected.backward()
    torch.testing.assert_close(loss, expected.detach(), rtol=0, atol=1e-12)
    assert_close(gradients, {name: p.grad for name, p in hand.named_parameters()})


@pytest.mark.parametrize("pool", POOLS)
def test_a_shortcut_of_numbers_and_of_a_row_that_is_read_in_windows(pool):
    inputs = [torch.randn(7, 2, dtype=torch.float64)]
    targets = [at_end(torch.tensor(1), 7)]
    own = {"vocabulary_size": None, "input_size": 2, "pool": pool, "shortcut": True}
    whole, _ = once(make(**own), inputs, targets)
    cut, _ = once(make(TruncatedBPTT, k1=3, **own), inputs, targets)
    torch.testing.assert_close(cut, whole, rtol=0, atol=1e-12)


def test_tokens_that_are_dropped_are_not_read_anywhere_in_the_batch(monkeypatch):
    inputs, targets, classes = rows()
    kept = []
    draw = Masks.get_mask
    monkeypatch.setattr(Masks, "get_mask", lambda self, *given: kept.append(draw(self, *given)) or kept[-1])
    loss, gradients = once(make(pool="mean", embedding_dropout=0.5), inputs, targets)
    mask = kept[0]
    assert all(torch.equal(mask, other) for other in kept) and 0 < int((mask == 0).sum()) < V
    assert {*mask.tolist()} == {0.0, 2.0}
    hand = make(pool="mean")
    read = [(hand.embedding.weight * mask[:, None])[row] for row in inputs]
    logits = hand.head(torch.stack([hand.architecture(row[None])[0][0].mean(0) for row in read]))
    expected = F.cross_entropy(logits, classes)
    expected.backward()
    torch.testing.assert_close(loss, expected.detach(), rtol=0, atol=1e-12)
    assert_close(gradients, {name: p.grad for name, p in hand.named_parameters()})


def test_nothing_is_dropped_in_evaluation():
    inputs, targets, _ = rows()
    batch = pad_rows(inputs, targets)
    plain, dropping = make(pool="max"), make(pool="max", embedding_dropout=0.9, label_smoothing=0.5)
    assert torch.equal(plain.probabilities(batch), dropping.probabilities(batch))


def test_label_smoothing_is_that_of_torch_in_training_and_none_in_evaluation():
    inputs, targets, classes = rows()
    batch = pad_rows(inputs, targets)
    logits = make().probabilities(batch).log()
    loss, _ = once(make(label_smoothing=0.2), inputs, targets)
    torch.testing.assert_close(loss, F.cross_entropy(logits, classes, label_smoothing=0.2), rtol=0, atol=1e-12)
    run = fit(make(label_smoothing=0.2), DataLoader([batch], batch_size=None), trainer={"max_epochs": 1})
    (measured,) = run.trainer.validate(make(label_smoothing=0.2), DataLoader([batch], batch_size=None), verbose=False)
    assert measured["val/loss"] == pytest.approx(float(F.cross_entropy(logits, classes)), rel=1e-6)


@pytest.mark.parametrize("absent", [{"embedding_dropout": 0.0}, {"label_smoothing": 0.0}, {"shortcut": False}], ids=str)
def test_absent_means_absent_bit_for_bit(absent):
    inputs, targets, _ = rows()
    (one, first), (other, second) = once(make(), inputs, targets), once(make(**absent), inputs, targets)
    assert torch.equal(one, other) and first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)
