"""Two players, one optimizer: whose gradient goes where, when each of them plays, and what the free run reads."""

import pytest
import pytorch_lightning as pl
import torch
from torch.nn import functional as F

from conformance.feedback_spy import FROZEN, Spy
from conformance.forecast_runs import C, H, forecast, pieces
from conformance.references.feedback import Judge
from conformance.references.loops import Plain
from conformance.token_streams import stream
from conformance.training import assert_close, fit, make, train, weights
from unrolled import compose
from unrolled.strategies import CarriedState, CheckpointedBPTT, ClipNorm, ProfessorForcing, TruncatedBPTT
from unrolled.strategies.feedback._discriminator import Discriminator
from unrolled.tasks import LanguageModeling

Taught = compose(LanguageModeling, ProfessorForcing)
ALWAYS = {"weight": 0.7, "discriminator_size": 4, "heard_above": -1.0, "learns_below": 2.0}


def discriminator(weight):
    return {name: value for name, value in weight.items() if name.startswith("discriminator")}


def network(weight):
    return {name: value for name, value in weight.items() if not name.startswith("discriminator")}


def test_the_discriminator_by_hand():
    model = Plain(weights(make(LanguageModeling).double()))
    judge, found = Judge(model, 4), make(Taught, weight=1.0, discriminator_size=4).discriminator.double()
    behaviour = torch.randn(3, 5, 6, dtype=torch.float64)
    torch.testing.assert_close(found(behaviour).sigmoid(), judge.forced(behaviour), rtol=1e-12, atol=0)


def test_each_loss_has_a_gradient_for_its_own_player_alone():
    judge = Discriminator(6, 4).double()
    forced, free = (torch.randn(3, 5, 6, dtype=torch.float64, requires_grad=True) for _ in range(2))
    its, theirs, right = judge.play(forced, free)
    its.backward(retain_graph=True)
    assert forced.grad is None and free.grad is None and all(p.grad.any() for p in judge.parameters())
    judge.zero_grad()
    theirs.backward()
    assert forced.grad is None and free.grad.any() and all(p.grad is None for p in judge.parameters())
    told = torch.cat([judge(forced).sigmoid() > 0.5, judge(free).sigmoid() < 0.5])
    assert float(right) == pytest.approx(float(told.double().mean())) and not right.requires_grad


@pytest.mark.parametrize("cut", [{}, {"k1": 3, "k2": 3}], ids=str)
def test_gradients_by_hand(cut):
    """Of the first optimizer steps: the tokens that were read are taken from the run, the rest is written out."""
    strategies = [ProfessorForcing, *([TruncatedBPTT] if cut else [])]
    task = make(compose(LanguageModeling, *strategies), optimizer=FROZEN, **ALWAYS, **cut).double()
    begin, spy = weights(task), Spy(task)
    run = fit(task, trainer={"max_steps": 1})
    model, judge = Plain(network(begin)), Judge(Plain(network(begin)), 4)
    batch = next(iter(stream()))
    first, start = model.start(3), 0
    for step, gradients in enumerate(run.gradients):
        forced_read, free_read = spy.trained[2 * step : 2 * step + 2]
        stop = start + forced_read.shape[1]
        assert torch.equal(forced_read, batch.inputs[:, start:stop])
        assert torch.equal(free_read[:, 0], forced_read[:, 0]) and free_read.shape == forced_read.shape
        cell, state = model.architecture["cells"][0], tuple(part.detach() for part in first)
        forced, first = cell(model.embedding(forced_read), state)
        free, _ = cell(model.embedding(free_read), state)
        nll = F.cross_entropy(model.head(forced).flatten(0, 1), batch.targets[:, start:stop].flatten())
        loss = nll - 0.7 * judge.forced(free).log().mean()
        mine = torch.autograd.grad(loss, [*model.parameters()])
        theirs = -judge.forced(forced.detach()).log().mean() - (1 - judge.forced(free.detach())).log().mean()
        its = torch.autograd.grad(theirs, judge.weights)
        assert_close(network(gradients), dict(zip(dict(model.named_parameters()), mine, strict=True)))
        names = [name for name in gradients if name.startswith("discriminator")]
        assert_close(discriminator(gradients), dict(zip(names, its, strict=True)))
        start = stop
    assert start == 8


def only(**gates):
    """The gradients of the first step, and of a run without a discriminator."""
    run = train(Taught, **ALWAYS | gates, trainer={"max_steps": 1})
    return run.gradients[0], train(LanguageModeling, trainer={"max_steps": 1}).gradients[0]


def test_below_its_threshold_the_network_does_not_listen():
    gradients, plain = only(heard_above=1.0)
    assert all(torch.equal(gradients[name], plain[name]) for name in plain)
    assert any(g.any() for g in discriminator(gradients).values())


def test_above_its_threshold_the_discriminator_does_not_learn():
    gradients, plain = only(learns_below=0.0)
    assert discriminator(gradients) and not any(g.any() for g in discriminator(gradients).values())
    assert not torch.equal(gradients["head.weight"], plain["head.weight"]) or not torch.equal(
        gradients["architecture.cells.0.weight_hh_l0"], plain["architecture.cells.0.weight_hh_l0"]
    )


@pytest.mark.parametrize("accuracy", [0.0, 0.7, 0.75, 0.8, 0.98, 0.99, 1.0])
def test_the_papers_thresholds(accuracy, monkeypatch):
    def play(self, forced, free):
        some = sum(p.sum() for p in self.parameters())
        return 3 * some, free.sum(), torch.tensor(accuracy)

    monkeypatch.setattr(Discriminator, "play", play)
    gradients = train(Taught, weight=1.0, discriminator_size=4, trainer={"max_steps": 1}).gradients[0]
    plain = train(LanguageModeling, trainer={"max_steps": 1}).gradients[0]
    heard = not torch.equal(gradients["embedding.weight"], plain["embedding.weight"])
    learns = any(g.any() for g in discriminator(gradients).values())
    assert heard == (accuracy > 0.75) and learns == (accuracy < 0.99)


@pytest.mark.parametrize("stop", [1, 4])
def test_without_weight_not_even_a_random_number_is_drawn(stop):
    plain, none = make(LanguageModeling, dropout=0.3), make(Taught, dropout=0.3, weight=0.0)
    numbers = []
    for task in (plain, none):
        fit(task, trainer={"max_steps": stop})
        numbers.append(torch.rand(3))
    assert torch.equal(*numbers) and [*dict(none.named_parameters())] == [*dict(plain.named_parameters())]


def test_a_free_run_samples_and_leaves_no_trace():
    """The state that goes on is that of the forced run; two free runs differ."""
    strategies = [ProfessorForcing, CarriedState, TruncatedBPTT]
    task = make(compose(LanguageModeling, *strategies), optimizer=FROZEN, k1=4, k2=4, **ALWAYS)
    spy = Spy(task)
    fit(task, trainer={"max_epochs": 1})
    forced, free = torch.cat(spy.trained[::2], 1), torch.cat(spy.trained[1::2], 1)
    inputs = torch.cat([batch.inputs for batch in stream()], 1)
    assert torch.equal(forced, inputs) and torch.equal(free[:, ::4], inputs[:, ::4])
    assert float((free != inputs).float().mean()) > 0.05
    plain = make(compose(LanguageModeling, CarriedState, TruncatedBPTT), optimizer=FROZEN, k1=4, k2=4)
    fit(plain, trainer={"max_epochs": 1})
    assert all(torch.equal(a, b) for a, b in zip(task.cursor.saved, plain.cursor.saved, strict=False))
    again = make(compose(LanguageModeling, *strategies), optimizer=FROZEN, k1=4, k2=4, **ALWAYS)
    other = Spy(again)
    fit(again, trainer={"max_epochs": 1}, seed=9)
    assert not torch.equal(torch.cat(other.trained[1::2], 1), free)


@pytest.mark.parametrize("others", [(CheckpointedBPTT,), (TruncatedBPTT, CarriedState, ClipNorm)], ids=len)
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed"])
def test_every_weight_has_a_gradient_at_every_step(others, precision):
    given = ALWAYS | ({"k1": 3, "k2": 5} if TruncatedBPTT in others else {})
    run = train(compose(LanguageModeling, ProfessorForcing, *others), trainer={"precision": precision}, **given)
    names = {name for name, _ in run.task.named_parameters()}
    assert all(gradients.keys() == names for gradients in run.gradients) and len(names) > 14
    assert all(torch.isfinite(loss) for loss in run.losses)


def test_the_free_run_of_a_forecast_begins_behind_what_is_given():
    given = {"fed_back": "likeliest", "optimizer": FROZEN, **ALWAYS, "trainer": {"max_epochs": 1}}
    run, reader = forecast(ProfessorForcing, **given)
    for read, batch in zip(reader.trained[1::2], pieces(), strict=True):
        free = run.task.run_free(batch.inputs[:, :C], H)
        assert torch.equal(read, torch.cat([batch.inputs[:, :C], free[:, :-1]], 1))


def test_what_is_logged():
    class Kept(pl.Callback):
        def on_train_batch_end(self, trainer, task, *_):
            self.records = dict(task.training_metrics.records)

    kept = Kept()
    run = train(Taught, **ALWAYS, trainer={"max_steps": 3}, callbacks=[kept])
    means = {name: float(total) / count for name, (total, count) in kept.records.items()}
    assert 0 <= means["strategy/discriminator_accuracy"] <= 1
    both = 0.7 * means["strategy/discriminator_fooled"] + means["strategy/discriminator_loss"]
    assert means["train/loss"] + both == pytest.approx(float(torch.stack(run.losses).mean()), rel=1e-5)
