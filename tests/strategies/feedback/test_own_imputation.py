"""What is read where a value is missing: the four properties of a strategy, on data that says what is missing."""

import pytest
import torch

from conformance.feedback_spy import FROZEN
from conformance.forecast_runs import Pieces
from conformance.missing_value_runs import CHANNELS, O, T, impute, marked, pieces
from conformance.references.cells import lstm
from conformance.strategies import company, live, strategy
from conformance.training import DROPOUT, SaveAfter, assert_close, assert_same, evaluation_loss, make, weights
from unrolled import compose
from unrolled.errors import InputError
from unrolled.strategies import CheckpointedBPTT, OwnImputation, TeacherForcing, TruncatedBPTT
from unrolled.tasks import LanguageModeling

LR = 0.1
SGD = {"class_path": "SGD", "init_args": {"lr": LR}}
each_gradient = pytest.mark.parametrize("gradient", [False, True])


def filled(w, inputs, own, state, gradient):
    """Step by step: outputs (B, T, H), what was read, the own last values (nan: none yet) and the state."""
    outputs, read = [], []
    cell = {name.rpartition(".")[2]: value for name, value in w.items() if ".cells." in name}
    for t in range(inputs.shape[1]):
        x, there = inputs[:, t], inputs[:, t, O : 2 * O] == 1
        if own is not None:
            x = torch.cat([torch.where(there, x[:, :O], own), x[:, O:]], -1)
        state = lstm(x, state, cell)
        own = state[0] @ w["head.weight"].T + w["head.bias"]
        own = own if gradient else own.detach()
        outputs.append(state[0])
        read.append(x)
    return torch.stack(outputs, 1), torch.stack(read, 1), own, state


def by_hand(w, batches, window, gradient):
    """SGD with a step for each window: every gradient, the weights at the end, and all that was read."""
    w = {name: value.detach().clone().requires_grad_() for name, value in w.items()}
    gradients, seen = [], []
    for inputs, targets, _ in batches:
        zero = inputs.new_zeros(len(inputs), w["head.weight"].shape[1])
        own, state = None, (zero, zero)
        for start in range(0, inputs.shape[1], window):
            piece, wanted = inputs[:, start : start + window], targets[:, start : start + window]
            hidden, read, own, state = filled(w, piece, own, state, gradient)
            known = ~wanted.isnan()
            loss = ((hidden @ w["head.weight"].T + w["head.bias"] - wanted)[known] ** 2).mean()
            found = torch.autograd.grad(loss, [*w.values()])
            gradients.append(dict(zip(w, found, strict=True)))
            seen.append(read.detach())
            own, state = own.detach(), tuple(part.detach() for part in state)
            with torch.no_grad():
                for value, g in zip(w.values(), found, strict=True):
                    value -= LR * g
    return gradients, {name: value.detach() for name, value in w.items()}, seen


@each_gradient
@pytest.mark.parametrize("window", [T, 3])
def test_reference(gradient, window):
    given = {"gradient": gradient, "k1": window, "k2": window, "dtype": torch.float64, "optimizer": SGD}
    run, reader = impute(OwnImputation, TruncatedBPTT, **given)
    begin = weights(marked().double())
    gradients, final, seen = by_hand(begin, [*Pieces(pieces(), torch.float64)] * 2, window, gradient)
    assert len(run.gradients) == len(gradients) == 8 * -(-T // window)
    for actual, expected in zip(run.gradients, gradients, strict=True):
        assert_close(actual, expected, 1e-12)
    assert_close(run.weights, final)
    if gradient:
        return
    for actual, expected in zip(reader.trained, seen, strict=True):
        torch.testing.assert_close(actual, expected, rtol=0, atol=1e-12)
    nines = torch.cat([read[..., :O] == 9 for read in reader.trained[:: -(-T // window)]])
    assert nines[:, 0].any() and not nines[:, 1:].any(), "the data's own filling, in front of the first step alone"


def test_a_gradient_through_what_is_filled_in_makes_a_difference():
    runs = [impute(OwnImputation, gradient=gradient, dtype=torch.float64)[0] for gradient in (False, True)]
    assert torch.equal(runs[0].losses[0], runs[1].losses[0])
    assert not torch.allclose(*[run.gradients[0]["head.weight"] for run in runs], rtol=1e-3)


@each_gradient
def test_identity(gradient):
    """Where nothing is missing it is teacher forcing, bit for bit."""
    absent, _ = impute(share=0.0, **DROPOUT)
    forced, _ = impute(TeacherForcing, share=0.0, **DROPOUT)
    present, reader = impute(OwnImputation, share=0.0, gradient=gradient, **DROPOUT)
    assert len(absent.losses) == 8 and reader.sought == []
    assert_same(present, absent)
    assert_same(present, forced)


@each_gradient
def test_its_place_changes_no_bit(gradient):
    others = company("OwnImputation")
    orders = [("OwnImputation", *others), (*others, "OwnImputation"), (*others[:2], "OwnImputation", *others[2:])]
    arguments = {"gradient": gradient} | DROPOUT | live(*others)
    first, *runs = [impute(*map(strategy, order), **arguments)[0] for order in orders]
    for run in runs:
        assert_same(run, first)
    absent, _ = impute(*map(strategy, others), **DROPOUT, **live(*others))
    assert not torch.equal(absent.weights["head.weight"], first.weights["head.weight"])


@pytest.mark.parametrize("past", ["kept", "recomputed"])
def test_resumes(past, tmp_path):
    strategies = [strategy(name) for name in ("OwnImputation", "TruncatedBPTT", "CarriedState")]
    arguments = DROPOUT | {"k1": 2, "k2": 5, "past": past}
    whole, _ = impute(*strategies, callbacks=[SaveAfter(3, tmp_path / "last.ckpt")], **arguments)
    resumed, _ = impute(*strategies, resume=tmp_path / "last.ckpt", seed=77, **arguments)
    assert 0 < len(resumed.losses) < len(whole.losses)
    assert_same(resumed, whole)


def test_segments_that_are_run_again_read_the_same():
    runs = [impute(OwnImputation, *more, dtype=torch.float64)[0] for more in ((), (CheckpointedBPTT,))]
    for one, other in zip(runs[0].gradients, runs[1].gradients, strict=True):
        assert_close(one, other, 1e-10)


def test_evaluation_and_the_context_of_a_forecast_are_filled_in_likewise():
    task = marked(OwnImputation).double().eval()
    batch = next(iter(Pieces(pieces(), torch.float64)))
    zero = batch.inputs.new_zeros(len(batch.inputs), 6)
    hidden, _, own, state = filled(weights(task), batch.inputs, None, (zero, zero), False)
    total, count = evaluation_loss(task, batch)
    known = ~batch.targets.isnan()
    expected = ((task.head(hidden) - batch.targets)[known] ** 2).sum()
    torch.testing.assert_close((total, int(count)), (expected, int(known.sum())), rtol=1e-12, atol=0)
    ones, zeros, told = torch.ones_like(own), torch.zeros_like(own), batch.inputs[:, -1, 3 * O :]
    outputs = []
    for _ in range(3):
        outputs.append(own)
        step = torch.cat([own, ones, zeros, told], -1)[:, None]
        _, _, own, state = filled(weights(task), step, own, state, False)
    torch.testing.assert_close(task.run_free(batch.inputs, 3), torch.stack(outputs, 1), rtol=0, atol=1e-12)
    assert not torch.allclose(evaluation_loss(marked().double().eval(), batch)[0], total)


def test_what_is_drawn_in_training_is_not_drawn_in_evaluation():
    given = {"fed_back": "sample", "temperature": 3.0}
    (_, drawn), (_, expected) = (impute(OwnImputation, optimizer=FROZEN, **more) for more in (given, {}))
    first = [reader.trained[0] for reader in (drawn, expected)]
    assert not torch.allclose(first[0][..., :O], first[1][..., :O])
    task, plain = marked(OwnImputation, **given).eval(), marked(OwnImputation).eval()
    before = torch.get_rng_state()
    for batch in pieces():
        assert torch.equal(evaluation_loss(task, batch)[0], evaluation_loss(plain, batch)[0])
    assert torch.equal(before, torch.get_rng_state())


def test_the_share_of_what_was_observed_is_told():
    run, _ = impute(OwnImputation, trainer={"max_epochs": 1})
    observed = torch.cat([batch.inputs[..., O : 2 * O].flatten() for batch in pieces()])
    told = float(run.trainer.callback_metrics["strategy/truth_share"])
    assert told == pytest.approx(float(observed.mean()), rel=1e-6) and 0.5 < told < 0.7


@pytest.mark.parametrize("channels", [None, {**CHANNELS, "marks": 0}])
def test_inputs_without_marks_are_refused_in_one_line(channels):
    with pytest.raises(
        InputError, match=r"^OwnImputation: expected inputs with marks of missing values, got none; [^\n]*$"
    ):
        if channels is None:
            make(compose(LanguageModeling, OwnImputation))
        else:
            marked(OwnImputation, channels=channels)
