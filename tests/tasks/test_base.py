"""The training step itself: its seams in their order, its counters, its log."""

import pytest
import torch
from torch.utils.data import DataLoader

from conformance.references.loops import Plain, nll, update
from conformance.token_streams import stream
from conformance.training import assert_close, assert_same, fit, make, train, weights
from unrolled import compose
from unrolled.strategies import ClipNorm, TruncatedBPTT
from unrolled.tasks import LanguageModeling
from unrolled.tasks.base import SequenceTask


class ActivationPenalty(SequenceTask):
    """Merity et al. 2017, AR: alpha times the mean square of the outputs."""

    seam = "penalty"

    def penalties(self, hidden):
        return super().penalties(hidden) | {"mine": lambda: 2.0 * (hidden**2).mean()}


class WeightBox(SequenceTask):
    """No weight beyond 0.3 after a step."""

    seam = "constraint"

    def constrain(self):
        super().constrain()
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.clamp_(-0.3, 0.3)


def by_hand(width, penalty=0.0, box=None):
    plain = Plain(weights(make(LanguageModeling).double()))
    optimizer = torch.optim.Adam(plain.parameters(), lr=0.02)
    for inputs, targets, _ in [*stream(), *stream()]:
        state = plain.start(3)
        for first in range(0, inputs.shape[1], width):
            piece = slice(first, first + width)
            hidden, state = plain.architecture["cells"][0](
                plain.embedding(inputs[:, piece]), tuple(part.detach() for part in state)
            )
            update(optimizer, nll(plain.head(hidden), targets[:, piece]) + penalty * (hidden**2).mean())
            if box:
                with torch.no_grad():
                    [parameter.clamp_(-box, box) for parameter in plain.parameters()]
    return weights(plain)


@pytest.mark.parametrize("width", [8, 4])
@pytest.mark.parametrize("order", [1, -1])
def test_penalty_and_constraint_enter_in_every_window(width, order):
    strategies = [ActivationPenalty, WeightBox, TruncatedBPTT][::order]
    run = train(compose(LanguageModeling, *strategies), dtype=torch.float64, k1=width)
    assert_close(run.weights, by_hand(width, penalty=2.0, box=0.3))


def test_the_log_has_the_loss_without_the_penalty():
    penalized = train(compose(LanguageModeling, ActivationPenalty), trainer={"log_every_n_steps": 1, "max_steps": 1})
    plain = train(LanguageModeling, trainer={"log_every_n_steps": 1, "max_steps": 1})
    logged = [run.trainer.callback_metrics["train/loss"] for run in (penalized, plain)]
    assert torch.equal(*logged) and penalized.losses[0] > plain.losses[0] == logged[0]


def test_clipping_sees_the_gradient_of_the_penalty():
    cls = compose(LanguageModeling, ActivationPenalty, ClipNorm)
    task = make(cls, max_norm=1e9, optimizer={"class_path": "SGD", "init_args": {"lr": 1.0}})
    norm = float(torch.cat([g.flatten() for g in fit(task, trainer={"max_steps": 1}).gradients[0].values()]).norm())
    assert float(task.gradient_norm) == pytest.approx(norm, rel=1e-6)


def test_accumulation_over_batches_equals_one_large_batch():
    """k batches of B rows = one of k B rows; their targets are as many."""
    large = stream(columns=24, rows=6)
    large.targets[large.targets < 0] = 1
    halves = [b._replace(**{k: v[r] for k, v in b._asdict().items()}) for b in large for r in (slice(3), slice(3, 6))]
    loader = DataLoader(halves, batch_size=None)
    accumulated = train(LanguageModeling, loader=loader, dtype=torch.float64, trainer={"accumulate_grad_batches": 2})
    assert accumulated.task.optimizer_steps == 6 == accumulated.trainer.global_step
    assert_close(accumulated.weights, train(LanguageModeling, loader=large, dtype=torch.float64).weights)


def test_the_order_of_rows_changes_nothing():
    turned = [b._replace(**{k: v.flip(0) for k, v in b._asdict().items()}) for b in stream()]
    loader = DataLoader(turned, batch_size=None)
    run = train(LanguageModeling, loader=loader, dtype=torch.float64)
    assert_close(run.weights, train(LanguageModeling, dtype=torch.float64).weights, 1e-11)


def test_logging_often_or_once_an_epoch_changes_no_bit():
    often, seldom = (train(LanguageModeling, trainer={"log_every_n_steps": n}) for n in (1, 10**6))
    assert_same(often, seldom)
    assert (
        often.task.training_metrics.records == {} == seldom.task.training_metrics.records
    )  # what an epoch has left over is told at its end
    per_epoch = torch.stack(seldom.losses[len(seldom.losses) // 2 :]).mean()
    assert float(seldom.trainer.callback_metrics["train/loss"]) == pytest.approx(float(per_epoch), rel=1e-6)


def test_a_batch_without_a_target_moves_nothing():
    batch = next(iter(stream()))
    loader = DataLoader([batch._replace(targets=torch.full_like(batch.targets, -100))], batch_size=None)
    run = train(LanguageModeling, loader=loader)
    assert run.losses == [] and run.task.optimizer_steps == 0
    assert_close(run.weights, weights(make(LanguageModeling)), 0)


def test_a_reset_within_a_batch_starts_from_the_initial_state():
    """Without a memory strategy, too: the gradient equals that of the two parts of the row, run apart."""
    batch = next(iter(stream()))
    resets = torch.zeros_like(batch.resets)
    resets[1, 3] = True
    loader = DataLoader([batch._replace(resets=resets)], batch_size=None)
    run = fit(make(LanguageModeling).double(), loader, trainer={"max_epochs": 1})
    plain = Plain(weights(make(LanguageModeling).double()))
    whole, _ = plain(batch.inputs, plain.start(3))
    later, _ = plain(batch.inputs[1:2, 3:], plain.start(1))
    row = torch.cat([whole[1, :3], later[0]])
    nll(torch.stack([whole[0], row, whole[2]]), batch.targets).backward()
    assert_close(run.gradients[0], {name: p.grad for name, p in plain.named_parameters()})
