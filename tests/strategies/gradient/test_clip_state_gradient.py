"""ClipStateGradient against graphs cut by hand, in closed form, and beside what else changes a backward pass.

B batch, T time, H hidden, L layers.
"""

import copy

import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.plugins import MixedPrecision

from conformance.bptt_runs import LR, agree, architecture, batch, loader, only, ragged, ran, sgd
from conformance.references.bptt import Step
from conformance.references.cells import PARTS, STEPS
from conformance.references.gradient import BOUNDS, Cuts, cut_step
from conformance.references.loops import nll
from conformance.training import DROPOUT, assert_close, assert_same, fit, make, train, weights
from unrolled import compose
from unrolled.errors import InputError, RunFailed
from unrolled.strategies import (
    CarriedState,
    CheckpointedBPTT,
    ClipNorm,
    ClipStateGradient,
    ScheduledSampling,
    TruncatedBPTT,
)
from unrolled.strategies.truncation._gradient_lags import lag_norms
from unrolled.tasks import LanguageModeling
from unrolled.tasks.base import SequenceTask

Clipped = compose(LanguageModeling, ClipStateGradient)
LIMITS = {"norm": 0.02, "value": 0.006}  # of what arrives in these runs, some is above and some below
SHARE = "strategy/state_gradient_clipped_share"
BATCHES = [batch(8), ragged(9), only(7, (0, 6), (1, 3)), batch(1)]
each_bound = pytest.mark.parametrize("by", LIMITS)
each_cell = pytest.mark.parametrize("cell", STEPS)


def by_hand(cell, begin, batches, by, limit, lr):
    """Every optimizer step, the weights at the end, and what arrived at each state."""
    w = {name: value.clone().requires_grad_() for name, value in begin.items()}
    layers = sum(name.endswith("weight_hh_l0") for name in w)
    own = [{name.rpartition(".")[2]: w[name] for name in w if f"cells.{k}." in name} for k in range(layers)]
    steps, arrived = [], []
    for inputs, targets, _ in batches:
        cut, logits = Cuts(BOUNDS[by](limit)), []
        states = [(torch.zeros(len(inputs), 6, dtype=torch.float64),) * PARTS[cell]] * layers
        for tokens in inputs.unbind(1):
            x = w["embedding.weight"][tokens]
            for k in range(layers):
                states[k] = cut_step(cell, x, states[k], own[k], cut)
                x = states[k][0]
            logits.append(x @ w["head.weight"].T + w["head.bias"])
        loss = nll(torch.stack(logits, 1), targets)
        cut.backward(loss)
        arrived.append(torch.stack(cut.arrived))
        steps.append(Step(loss.detach(), {name: value.grad for name, value in w.items()}))
        for value in w.values():
            value.data -= lr * value.grad
            value.grad = None
    return (steps, {name: value.detach() for name, value in w.items()}), arrived


@each_cell
@each_bound
@pytest.mark.parametrize("layers", [1, 2])
def test_it_equals_graphs_cut_by_hand(cell, by, layers):
    run, begin = ran(Clipped, cell, BATCHES, layers=layers, lr=LR, max_state_gradient=LIMITS[by], by=by)
    expected, arrived = by_hand(cell, begin, BATCHES, by, LIMITS[by], LR)
    agree(run, expected)
    sizes = torch.cat([(g.norm(dim=-1) if by == "norm" else g.abs()).flatten() for g in arrived])
    assert 0.1 < (sizes > LIMITS[by]).double().mean() < 0.9


def test_the_sum_is_bounded_and_not_its_parts():
    """h_1 = x_1 and h_2 = x_2 + h_1; L = 0.6 h_1 + 0.6 h_2, so that 0.6 arrives at h_1 on each of two ways."""
    task = make(Clipped, architecture=architecture("RNN-relu"), max_state_gradient=1.0).double()
    network = task.architecture.train()
    with torch.no_grad():
        for weight, value in zip(network.parameters(), (torch.eye(6, 5), torch.eye(6), 0.0, 0.0), strict=True):
            weight.copy_(torch.as_tensor(value))
    x = torch.zeros(1, 2, 5, dtype=torch.float64)
    x[..., 0] = 1.0
    x.requires_grad_()
    task.state_gradient_bound.scale = 1.0
    outputs, _ = network(x)
    (0.6 * outputs[..., 0]).sum().backward()
    assert outputs[0, :, 0].tolist() == [1.0, 2.0]
    assert x.grad[0, :, 0].tolist() == pytest.approx([1.0, 0.6], rel=1e-14)


def test_inf_keeps_the_fused_call():
    task = make(Clipped)
    task.architecture.step = None  # not callable
    assert fit(task).losses
    with pytest.raises(TypeError):
        task = make(Clipped, max_state_gradient=1.0)
        task.architecture.step = None
        fit(task)


def test_a_copied_task_has_a_bound_of_its_own():
    task = make(Clipped, max_state_gradient=1.0)
    same = copy.deepcopy(task)
    assert same.architecture.state_hook is same.state_gradient_bound is not task.state_gradient_bound
    assert list(same.state_dict()) == list(make(Clipped).state_dict())


@each_bound
def test_a_bound_that_nothing_reaches_changes_nothing(by):
    """Dropout draws the same masks on the way step by step."""
    given = {**DROPOUT, "optimizer": sgd(LR), "dtype": torch.float64}
    free, bounded = train(LanguageModeling, **given), train(Clipped, max_state_gradient=1e9, by=by, **given)
    assert_close(bounded.weights, free.weights)
    assert float(bounded.trainer.callback_metrics[SHARE]) == 0


@each_cell
@each_bound
@pytest.mark.parametrize("past", ["kept", "recomputed"])
def test_a_step_that_windows_share_is_bounded_in_each(cell, by, past):
    """With k1 < k2 and frozen weights the same comes out whether its graph was kept or is built anew."""
    given = {"max_state_gradient": LIMITS[by], "by": by, "k1": 3, "k2": 7}
    cls = compose(LanguageModeling, TruncatedBPTT, ClipStateGradient)
    kept, _ = ran(cls, cell, BATCHES, layers=2, past="kept", **given)
    anew, _ = ran(cls, cell, BATCHES, layers=2, past="recomputed", **given)
    assert len(kept.gradients) == len(anew.gradients) > len(BATCHES)
    for one, other in zip(kept.gradients, anew.gradients, strict=True):
        assert_close(one, other)
    free, _ = ran(cls, cell, BATCHES, layers=2, past=past, **{**given, "max_state_gradient": 1e9})
    assert any(not torch.allclose(a["embedding.weight"], b["embedding.weight"])
               for a, b in zip(free.gradients, anew.gradients, strict=True))  # fmt: skip


@each_cell
@each_bound
def test_checkpointed_segments_are_bounded_as_the_whole(cell, by):
    given = {"max_state_gradient": LIMITS[by], "by": by, "layers": 2, "lr": LR}
    whole, _ = ran(Clipped, cell, BATCHES, **given)
    parts, _ = ran(compose(LanguageModeling, CheckpointedBPTT, ClipStateGradient), cell, BATCHES, segments=3, **given)
    assert_close(parts.weights, whole.weights)
    logged = [float(run.trainer.callback_metrics[SHARE]) for run in (parts, whole)]
    assert logged[0] == pytest.approx(logged[1]) and 0 < logged[0] < 1


@each_bound
def test_the_log_says_which_share_was_bounded(by):
    run, begin = ran(Clipped, "LSTM", BATCHES, layers=2, lr=LR, max_state_gradient=LIMITS[by], by=by)
    _, arrived = by_hand("LSTM", begin, BATCHES, by, LIMITS[by], LR)
    reached = [(g.norm(dim=-1) if by == "norm" else g.abs()) > LIMITS[by] for g in arrived]
    expected = torch.stack([each.double().mean() for each in reached]).mean()  # of the steps' shares
    assert float(run.trainer.callback_metrics[SHARE]) == pytest.approx(float(expected), rel=1e-6)


@each_bound
def test_what_flows_is_the_gradient_of_the_optimizer_steps_loss(by):
    """Two accumulated batches are one of twice the rows: the loss of a row weighs half of what it weighs in its own."""
    batches = [batch(8, seed=seed) for seed in range(4)]
    pairs = zip(batches[::2], batches[1::2], strict=True)
    double = [type(one)(*map(torch.cat, zip(one, other, strict=True))) for one, other in pairs]
    given = {"max_state_gradient": LIMITS[by] / 2, "by": by, "lr": LR}
    expected, _ = ran(Clipped, "LSTM", double, **given)
    run, _ = ran(Clipped, "LSTM", batches, trainer={"accumulate_grad_batches": 2}, **given)
    assert_close(run.weights, expected.weights)


class Halves(pl.LightningDataModule):
    """Each of two processes gets two of the four rows; one process gets all."""

    def train_dataloader(self):
        batches = [ragged(8, seed=seed) for seed in range(3)]
        batches = [type(made)(*(torch.cat([part, part[:1]]) for part in made)) for made in batches]
        size, rank = 4 // self.trainer.world_size, self.trainer.global_rank
        return loader([type(made)(*(part[rank * size :][:size] for part in made)) for made in batches])


class Keep(pl.Callback):
    def __init__(self, folder):
        self.folder = folder

    def on_train_end(self, trainer, task):
        torch.save(weights(task), self.folder / f"{trainer.world_size}-{trainer.global_rank}.pt")


@each_bound
def test_two_processes_equal_one(by, tmp_path):
    for processes in (1, 2):
        trainer = {"devices": processes, "strategy": "ddp_fork" if processes > 1 else "auto"}
        task = make(Clipped, optimizer=sgd(LR), max_state_gradient=LIMITS[by], by=by).double()
        fit(task, Halves(), callbacks=[Keep(tmp_path)], trainer={**trainer, "use_distributed_sampler": False})
    one, first, second = (torch.load(tmp_path / f"{name}.pt", weights_only=True) for name in ("1-0", "2-0", "2-1"))
    assert_close(first, second, 0)
    assert_close(first, one)


@each_bound
def test_bfloat16_trains(by):
    given = {"max_state_gradient": LIMITS[by], "by": by, **DROPOUT}
    wide, narrow = (train(Clipped, trainer={"precision": p}, **given) for p in ("32-true", "bf16-mixed"))
    assert all(value.dtype == torch.float32 for value in narrow.weights.values())
    torch.testing.assert_close(torch.stack(narrow.losses).float(), torch.stack(wide.losses), rtol=0.03, atol=0)
    shares = [float(run.trainer.callback_metrics[SHARE]) for run in (wide, narrow)]
    assert shares[1] == pytest.approx(shares[0], abs=0.1)


@each_bound
@pytest.mark.parametrize("loss_scale", [1.0, 2.0**10])
def test_the_loss_scale_of_float16_is_no_part_of_the_gradient(by, loss_scale, monkeypatch):
    """On a CPU Lightning turns 16-mixed into bf16-mixed, so its plugin is given by hand."""
    given = {"max_state_gradient": LIMITS[by], "by": by}
    half = MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu", init_scale=loss_scale))
    wide, narrow = train(Clipped, **given), train(Clipped, **given, trainer={"plugins": [half]})
    assert narrow.trainer.precision == "16-mixed" and half.scaler.get_scale() == loss_scale
    losses = torch.stack(narrow.losses).float() / loss_scale  # as they are differentiated
    torch.testing.assert_close(losses, torch.stack(wide.losses), rtol=0.01, atol=0)
    shares = [float(run.trainer.callback_metrics[SHARE]) for run in (wide, narrow)]
    assert 0.1 < shares[0] < 0.9 and shares[1] == pytest.approx(shares[0], abs=0.03)
    for before, after in zip(wide.gradients[0].values(), narrow.gradients[0].values(), strict=True):
        torch.testing.assert_close(after, before, rtol=0, atol=0.01 * float(before.abs().max()))


class Measure(pl.Callback):
    """How far back a loss reaches, after each batch."""

    def __init__(self):
        self.norms = []

    def on_train_batch_end(self, trainer, task, *_):
        self.norms.append(lag_norms(task, torch.full((3,), task.batch.inputs.shape[1] - 1), 4).norms)


def test_a_gradient_of_another_kind_is_not_bounded():
    """AdaptiveTruncation asks how the gradient fades, not what the bound makes of it."""
    seen = Measure(), Measure()
    for cls, watch, given in zip((LanguageModeling, Clipped), seen, ({}, {"max_state_gradient": 1e-3}), strict=True):
        train(cls, dtype=torch.float64, optimizer=sgd(0.0), callbacks=[watch], **given)
    free, bounded = (torch.stack(watch.norms) for watch in seen)
    assert float((free > 1e-3).double().mean()) > 0.5
    torch.testing.assert_close(bounded, free, rtol=1e-12, atol=0)


@each_bound
def test_an_infinite_gradient_stops_the_run(by):
    class Explodes(Clipped):
        def measure(self, hidden, targets):
            total, count = super().measure(hidden, targets)
            if hidden.requires_grad:
                hidden.register_hook(lambda g: g.index_fill(1, torch.tensor(3), float("inf")))
            return total, count

    with pytest.raises(RunFailed, match="optimizer step 1:"):
        train(Explodes, max_state_gradient=0.1, by=by)


def test_it_stands_beside_others_in_any_order():
    names = (TruncatedBPTT, CarriedState, ScheduledSampling, ClipNorm, ClipStateGradient)
    given = {"k1": 3, "k2": 5, "start": 0.9, "end": 0.2, "over": 6, "max_norm": 0.2, "max_state_gradient": 0.02}
    assert_same(
        train(compose(LanguageModeling, *names), **DROPOUT, **given),
        train(compose(LanguageModeling, *reversed(names)), **DROPOUT, **given),
    )


def test_a_task_without_states_of_its_own_is_refused():
    cls = type("Nothing", (ClipStateGradient, SequenceTask), {})
    cls()
    with pytest.raises(InputError, match="Nothing: expected an architecture that can run step by step"):
        cls(max_state_gradient=1.0)
