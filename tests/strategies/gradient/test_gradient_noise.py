"""GradientNoise: what is added, when, and that it is the same wherever it should be."""

import math

import pytest
import pytorch_lightning as pl
import torch
from scipy import stats

from conformance.bptt_runs import LR, batch, loader, sgd
from conformance.references.truncation import draws
from conformance.training import DROPOUT, assert_close, assert_same, fit, make, train, weights
from unrolled import compose
from unrolled.strategies import CarriedState, ClipNorm, ClipValue, GradientNoise, TruncatedBPTT
from unrolled.tasks import LanguageModeling

Noisy = compose(LanguageModeling, GradientNoise)
SIGMA = "strategy/gradient_noise"
WIDE = {"architecture": {"class_path": "LSTM", "init_args": {"hidden_size": 40}}}


class Weights(pl.Callback):
    """In front of every optimizer step, and at the end."""

    def __init__(self):
        self.kept = []

    def on_before_zero_grad(self, trainer, task, optimizer):
        self.kept.append(_flat(task.parameters()))

    def on_train_end(self, trainer, task):
        self.kept.append(_flat(task.parameters()))


def _flat(tensors):
    return torch.cat([tensor.detach().flatten().clone() for tensor in tensors])


def taken(*strategies, **given):
    """What SGD took from the weights at each step, and the gradients before clipping, (steps, parameters) each."""
    watch = Weights()
    cls = compose(LanguageModeling, *strategies)
    run = train(cls, dtype=torch.float64, optimizer=sgd(LR), callbacks=[watch], **{**WIDE, **given})
    return -torch.stack(watch.kept).diff(dim=0) / LR, torch.stack([_flat(g.values()) for g in run.gradients])


def test_the_noise_is_normal_and_its_variance_falls():
    """chi-square of the sum of squares, Kolmogorov-Smirnov of the whole, and no step resembles another."""
    eta, gamma = 0.3, 0.55
    steps, gradients = taken(GradientNoise, eta=eta, gamma=gamma)
    noise = steps - gradients
    count = noise.shape[1]
    assert len(noise) == 8 and count > 7000
    for t, drawn in enumerate(noise):
        variance = eta / (1 + t) ** gamma
        squares = float((drawn**2).sum()) / variance
        low, high = stats.chi2(count).ppf([0.0005, 0.9995])
        assert low < squares < high
        assert stats.kstest((drawn / math.sqrt(variance)).numpy(), "norm").pvalue > 0.001
    alike = torch.corrcoef(noise) - torch.eye(len(noise))
    assert float(alike.abs().max()) < 4.5 / math.sqrt(count)


def test_it_is_drawn_from_seed_purpose_and_step_parameter_by_parameter():
    steps, gradients = taken(GradientNoise, eta=0.3, gamma=0.0)
    shapes = [p.shape for p in make(Noisy, **WIDE).parameters()]
    for t, drawn in enumerate(steps - gradients):
        numbers = draws("GradientNoise", t)
        expected = [torch.randn(shape, generator=numbers, dtype=torch.float64) for shape in shapes]
        torch.testing.assert_close(drawn, math.sqrt(0.3) * _flat(expected), rtol=0, atol=1e-12)


@pytest.mark.parametrize(("clip", "limit"), [(ClipNorm, {"max_norm": 1e-6}), (ClipValue, {"max_value": 1e-6})])
def test_it_is_added_behind_the_clipping(clip, limit):
    """What is left of the gradient is next to nothing, and the noise is whole; in either order of the mixins."""
    pure, gradients = taken(GradientNoise, eta=0.01)
    for order in ((GradientNoise, clip), (clip, GradientNoise)):
        steps, _ = taken(*order, eta=0.01, **limit)
        torch.testing.assert_close(steps[0], pure[0] - gradients[0], rtol=0, atol=2e-6)


def test_it_leaves_other_random_numbers_alone():
    """Dropout draws the masks that it draws without; at a learning rate of 0 no loss differs by a bit."""
    still = {**DROPOUT, "optimizer": sgd(0.0)}
    assert_same(train(Noisy, eta=1.0, **still), train(LanguageModeling, **still))


def test_accumulated_batches_get_it_once():
    run = train(Noisy, eta=0.01, trainer={"accumulate_grad_batches": 2, "log_every_n_steps": 1})
    assert run.task.optimizer_steps == 4
    last = float(run.trainer.callback_metrics[SIGMA])
    assert last == pytest.approx(math.sqrt(0.01 / 4**0.55), rel=1e-6)


def test_the_log_says_how_large_it_is():
    cls = compose(LanguageModeling, GradientNoise, TruncatedBPTT)
    run = train(cls, eta=0.01, gamma=0.7, k1=4, trainer={"max_epochs": 1})
    expected = [math.sqrt(0.01 / (1 + t) ** 0.7) for t in range(7)]  # windows of the epoch's 4 batches
    assert run.task.optimizer_steps == 7
    assert float(run.trainer.callback_metrics[SIGMA]) == pytest.approx(sum(expected) / 7, rel=1e-6)
    assert SIGMA not in train(Noisy, trainer={"max_epochs": 1}).trainer.callback_metrics


def test_bfloat16_gets_the_same_noise():
    runs = [train(Noisy, eta=1e-4, trainer={"precision": p}) for p in ("32-true", "bf16-mixed")]
    assert all(value.dtype == torch.float32 for value in runs[1].weights.values())
    losses = [torch.stack(run.losses).float() for run in runs]
    torch.testing.assert_close(*losses, rtol=0.03, atol=0)


class Halves(pl.LightningDataModule):
    """Each of two processes gets two of the four rows; one process gets all."""

    def train_dataloader(self):
        batches = [batch(8, rows=4, seed=seed) for seed in range(3)]
        size, rank = 4 // self.trainer.world_size, self.trainer.global_rank
        return loader([type(made)(*(part[rank * size :][:size] for part in made)) for made in batches])


class Keep(pl.Callback):
    def __init__(self, folder):
        self.folder = folder

    def on_train_end(self, trainer, task):
        torch.save(weights(task), self.folder / f"{trainer.world_size}-{trainer.global_rank}.pt")


def test_all_processes_add_the_same(tmp_path):
    for processes in (1, 2):
        trainer = {"devices": processes, "strategy": "ddp_fork" if processes > 1 else "auto"}
        task = make(compose(LanguageModeling, GradientNoise, CarriedState), optimizer=sgd(LR), eta=0.01).double()
        fit(task, Halves(), callbacks=[Keep(tmp_path)], trainer={**trainer, "use_distributed_sampler": False})
    one, first, second = (torch.load(tmp_path / f"{name}.pt", weights_only=True) for name in ("1-0", "2-0", "2-1"))
    assert_close(first, second, 0)
    assert_close(first, one)
