"""WeightPenalty, ActivationPenalty and GradientPenalty: what they leave out, and beside whom."""

from itertools import pairwise

import pytest
import torch

from conformance.bptt_runs import architecture, batch, loader, ragged
from conformance.references.penalty import ar_tar
from conformance.token_streams import stream
from conformance.training import DROPOUT, assert_close, assert_same, fit, make, train
from unrolled import compose
from unrolled.errors import InputError
from unrolled.functional.penalties import up_to_last
from unrolled.strategies import (
    ActivationPenalty,
    CarriedState,
    CheckpointedBPTT,
    ClipStateGradient,
    GradientPenalty,
    ProfessorForcing,
    ScheduledSampling,
    TruncatedBPTT,
    WeightPenalty,
)
from unrolled.tasks import LanguageModeling

Weight, Activation, Gradient = (
    compose(LanguageModeling, penalty) for penalty in (WeightPenalty, ActivationPenalty, GradientPenalty)
)
ONE = {"trainer": {"max_epochs": 1, "log_every_n_steps": 1000}}
LIVE = [(Weight, {"l2": 0.01}), (Activation, {"alpha": 2.0, "beta": 1.0}), (Gradient, {"omega": 0.5})]
each_penalty = pytest.mark.parametrize(("cls", "live"), LIVE, ids=["weight", "activation", "gradient"])


def added(run, plain):
    """What was added to the loss of each step, at weights that do not move."""
    return torch.stack(run.losses) - torch.stack(plain.losses)


STILL = {"optimizer": {"class_path": "SGD", "init_args": {"lr": 0.0}}, "dtype": torch.float64, **ONE}


def test_the_pattern_chooses_weights():
    plain = train(LanguageModeling, **STILL)
    for pattern, chosen in {
        "*": "",
        "*weight_hh*": "weight_hh",
        "head.*": "head.",
        "embedding.weight": "embed",
    }.items():
        run = train(Weight, l1=0.3, l2=0.2, parameters=pattern, **STILL)
        picked = [w for name, w in run.weights.items() if chosen in name]
        expected = sum(float(0.3 * w.abs().sum() + 0.2 * (w**2).sum()) for w in picked)
        torch.testing.assert_close(added(run, plain).tolist(), [expected] * 4, rtol=1e-12, atol=1e-12)
        assert float(run.trainer.callback_metrics["strategy/weight_penalty"]) == pytest.approx(expected, rel=1e-6)


def test_a_pattern_without_a_parameter_is_refused_before_training():
    with pytest.raises(InputError, match=r"match \*weigth\*, got none among .*head.weight") as caught:
        train(Weight, l2=0.1, parameters="*weigth*")
    assert "\n" not in str(caught.value)


@each_penalty
def test_the_log_keeps_the_loss_without_it(cls, live):
    run, plain = train(cls, **live, **STILL), train(LanguageModeling, **STILL)
    assert run.trainer.callback_metrics["train/loss"] == plain.trainer.callback_metrics["train/loss"]
    assert float(added(run, plain).min()) > 0


@each_penalty
def test_bfloat16_trains(cls, live):
    run = train(cls, trainer={"precision": "bf16-mixed", "max_epochs": 30}, **live)
    assert all(value.dtype == torch.float32 for value in run.weights.values())
    assert float(torch.stack(run.losses[-4:]).mean()) < float(torch.stack(run.losses[:4]).mean()) - 0.1


@pytest.mark.parametrize("cell", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize(("cls", "live"), LIVE[1:], ids=["activation", "gradient"])
def test_what_stands_in_padding_changes_nothing(cell, cls, live):
    made = [ragged(9), ragged(9)]
    made[1].inputs[1, 6:] = (made[1].inputs[1, 6:] + 3) % 7  # row 1 ends at two thirds
    given = {"architecture": architecture(cell), "dtype": torch.float64, **ONE, **live}
    first, other = (train(cls, loader=loader([one]), **given) for one in made)
    assert_close(first.gradients[0], other.gradients[0])


def test_activation_in_windows_with_dropout_is_that_of_what_the_output_layer_reads():
    """By a hook on the output layer, of every window of two batches, one of them ragged."""
    read = []
    task = make(compose(LanguageModeling, ActivationPenalty, TruncatedBPTT), k1=4, alpha=2.0, beta=3.0, dropout=0.4)
    task = task.double()
    task.head.register_forward_pre_hook(lambda _, given: read.append(given[0].detach()) if task.training else None)
    made = [batch(8), ragged(9)]
    run = fit(task, loader(made), trainer=ONE["trainer"])
    total, windows = 0.0, [(0, 0, 4), (0, 4, 8), (1, 0, 4), (1, 4, 8), (1, 8, 9)]
    assert len(read) == len(windows)
    for hidden, (number, new, stop) in zip(read, windows, strict=True):
        marks = made[number].targets.clone()
        for row in marks:  # padding is what stands behind a row's last target in the batch
            row[: int((row != -100).nonzero().max()) + 1] = 1
        total += float(ar_tar(hidden, marks[:, new:stop], 2.0, 3.0))
    assert float(run.trainer.callback_metrics["strategy/activation_penalty"]) == pytest.approx(total / 5, rel=1e-6)


def test_a_new_sequence_is_no_change():
    marks = [(0, 3), (2, 5)]
    run, plain = (
        train(cls, loader=loader([batch(8, marks=marks)]), **given, **STILL)
        for cls, given in ((Activation, {"beta": 1.0}), (LanguageModeling, {}))
    )
    model, made = run.task, batch(8, marks=marks)
    sums = []
    for r in range(3):
        cuts = [0, *[t for row, t in marks if row == r], 8]
        for begin, end in pairwise(cuts):
            hidden, _ = model.predict(made.inputs[r : r + 1, begin:end], model.initial_state(1))
            sums += [float(part.square().mean().detach()) for part in hidden[0].diff(dim=0)]
    assert float(added(run, plain)) == pytest.approx(sum(sums) / len(sums), rel=1e-11)


def test_until_last_by_hand():
    marks = torch.tensor([[0, 1, 0, 1, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 1]]).bool()
    assert up_to_last(marks).int().tolist() == [[1, 1, 1, 1, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]]


COMPANY = {
    "windows": (TruncatedBPTT, {"k1": 3, "k2": 5}),
    "recomputed": (TruncatedBPTT, {"k1": 3, "k2": 5, "past": "recomputed"}),
    "segments": (CheckpointedBPTT, {}),
    "carried": (CarriedState, {"burn_in": 1, "learned_initial_state": True}),
    "sampled": (ScheduledSampling, {"start": 0.5, "end": 0.5}),
    "state clipped": (ClipStateGradient, {"max_state_gradient": 0.01}),
}


@pytest.mark.parametrize("cell", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("company", COMPANY)
def test_omega_trains_beside_every_other_way_to_read(cell, company):
    other, given = COMPANY[company]
    given = {**given, **DROPOUT, "architecture": architecture(cell, 2, dropout=0.2, weight_drop=0.2)}
    first, second = (
        train(compose(LanguageModeling, *order), omega=0.3, **given, **ONE)
        for order in ((GradientPenalty, other), (other, GradientPenalty))
    )
    assert_same(first, second)
    logged = first.trainer.callback_metrics
    assert float(logged["strategy/omega"]) > 0 and float(logged["strategy/omega_seconds"]) > 0
    assert first.task.architecture.training
    absent = train(compose(LanguageModeling, other), **given, **ONE)
    recurrent = [run.weights["architecture.cells.0.weight_hh_l0"] for run in (first, absent)]
    assert not torch.equal(*recurrent)


def test_omega_falls_when_it_is_all_that_counts():
    run = train(Gradient, omega=100.0, trainer={"max_epochs": 40, "log_every_n_steps": 1000})
    start = train(Gradient, omega=100.0, optimizer=STILL["optimizer"], **ONE)
    assert float(run.trainer.callback_metrics["strategy/omega"]) < 0.5 * float(
        start.trainer.callback_metrics["strategy/omega"]
    )


def test_the_random_numbers_of_dropout_stay():
    """At a learning rate of 0 the loss without the penalty is that of a run without it, mask by mask."""
    still = {"optimizer": STILL["optimizer"], "loader": stream(), **ONE, **DROPOUT}
    logged = [
        train(cls, **given, **still).trainer.callback_metrics["train/loss"]
        for cls, given in ((Gradient, {"omega": 1.0}), (LanguageModeling, {}))
    ]
    assert torch.equal(*logged)


def test_the_order_of_all_that_add_to_the_loss_changes_no_bit():
    adding = [WeightPenalty, ActivationPenalty, GradientPenalty, ProfessorForcing, CarriedState]
    given = {"l2": 0.1, "alpha": 0.5, "beta": 0.5, "omega": 0.1, "weight": 0.3, "learned_initial_state": True}
    first, *others = (
        train(compose(LanguageModeling, *(adding[turn:] + adding[:turn])), trainer={"max_steps": 3}, **given)
        for turn in range(len(adding))
    )
    for other in [*others, train(compose(LanguageModeling, *adding[::-1]), trainer={"max_steps": 3}, **given)]:
        assert_same(other, first)
