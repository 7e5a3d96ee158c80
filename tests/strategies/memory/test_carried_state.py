"""CarriedState: what a batch starts with."""

import pytest
import pytorch_lightning as pl
import torch
from torch.nn import functional as F
from torch.utils.data import DataLoader

from conformance.references.cells import PARTS, STEPS
from conformance.token_streams import B, T, stream
from conformance.training import DROPOUT, assert_close, assert_same, fit, make, train
from unrolled import compose
from unrolled.functional.batch import SequenceBatch
from unrolled.strategies import CarriedState, TruncatedBPTT
from unrolled.tasks import LanguageModeling

Carried = compose(LanguageModeling, CarriedState)
FROZEN = {"class_path": "SGD", "init_args": {"lr": 0.0}}


def whole_rows(cell, columns, restart=(), cut=()):
    """One long pass by hand over `columns` steps: the loss of every row and step (B, columns), and the weights.

    `restart` holds the (row, step) at which a row's state is zero again, `cut` the steps where the gradient stops.
    """
    task = make(Carried, architecture={"class_path": cell, "init_args": {"hidden_size": 6}}).double()
    weights = {name: p.detach().clone().requires_grad_() for name, p in task.named_parameters()}
    w = {name.rpartition(".")[2]: value for name, value in weights.items()}
    loader = stream(columns)
    state, losses = (torch.zeros(B, 6, dtype=torch.float64),) * PARTS[cell], []
    for t in range(columns):
        keep = torch.tensor([[(row, t) not in restart] for row in range(B)])
        state = tuple((part.detach() if t in cut else part) * keep for part in state)
        state = STEPS[cell](weights["embedding.weight"][loader.inputs[:, t]], state, w)
        logits = state[0] @ weights["head.weight"].T + weights["head.bias"]
        losses.append(F.cross_entropy(logits, loader.targets[:, t], ignore_index=-100, reduction="none"))
    return torch.stack(losses, 1), weights


def run(cell, columns, fresh=()):
    """The same with the strategy, the weights held still; `fresh` holds the (row, step) that the data marks."""
    batches = []
    for number, batch in enumerate(stream(columns)):
        steps = range(number * T, number * T + batch.inputs.shape[1])
        marks = torch.tensor([[t == 0 or (row, t) in fresh for t in steps] for row in range(B)])
        batches.append(SequenceBatch(batch.inputs, batch.targets, marks))
    arguments = {"architecture": {"class_path": cell, "init_args": {"hidden_size": 6}}, "optimizer": FROZEN}
    task = make(Carried, **arguments).double()
    return fit(task, DataLoader(batches, batch_size=None), trainer={"max_epochs": 1})


@pytest.mark.parametrize("cell", STEPS)
@pytest.mark.parametrize("fresh", [(), ((1, 8),), ((0, 8), (2, 8), (1, 16)), ((1, 3), (2, 3), (0, 27))], ids=str)
def test_the_next_batch_goes_on_where_the_last_one_ended(cell, fresh):
    """28 steps in batches of 8, 8, 8 and 4: losses and gradients of one long sequence that is cut at the borders."""
    losses, weights = whole_rows(cell, 28, restart=fresh, cut=(8, 16, 24))
    actual = run(cell, 28, fresh)
    assert len(actual.losses) == 4
    for number, loss in enumerate(actual.losses):
        piece = losses[:, number * T : (number + 1) * T]
        expected = piece.sum() / (piece != 0).sum()  # the two padded targets lose exactly 0
        assert float(loss) == pytest.approx(float(expected.detach()), rel=1e-12)
        wanted = torch.autograd.grad(expected, [*weights.values()], retain_graph=True)
        assert_close(actual.gradients[number], dict(zip(weights, wanted, strict=True)))


def test_without_it_every_batch_starts_from_nothing():
    assert not torch.equal(train(LanguageModeling).losses[1], train(Carried).losses[1])


def test_the_first_batch_of_an_epoch_starts_from_nothing():
    run = train(Carried, optimizer=FROZEN)
    assert torch.equal(torch.stack(run.losses[:4]), torch.stack(run.losses[4:]))


@pytest.mark.parametrize("strategies", [(CarriedState,), (CarriedState, TruncatedBPTT)], ids=len)
def test_validation_in_mid_epoch_changes_nothing(strategies):
    cls = compose(LanguageModeling, *strategies)
    arguments = {**DROPOUT, **({"k1": 3, "k2": 5} if TruncatedBPTT in strategies else {})}
    validated = train(cls, validation=stream(20, rows=5), trainer={"val_check_interval": 1}, **arguments)
    assert validated.task.eval_state
    assert_same(validated, train(cls, **arguments))


def test_the_sanity_check_before_training_changes_nothing():
    checked = train(Carried, validation=stream(20, rows=5), trainer={"num_sanity_val_steps": 2})
    assert_same(checked, train(Carried))


def test_training_leaves_evaluation_alone():
    """Two validations in a row, with training between that does not move the weights, hear the same."""
    frozen = {"optimizer": FROZEN, "trainer": {"val_check_interval": 1, "max_epochs": 1}}
    losses = []

    class Listen(pl.Callback):
        def on_validation_end(self, trainer, task):
            losses.append(trainer.callback_metrics["val/loss"].clone())

    train(Carried, validation=stream(20, rows=5), callbacks=[Listen()], **frozen)
    assert len(losses) == 4 and len({float(loss) for loss in losses}) == 1
