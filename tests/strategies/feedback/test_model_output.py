"""What is fed back: the likeliest, a draw, or the expected embedding; and in how many fused calls."""

import pytest
import torch
from scipy.stats import chisquare
from torch.utils.data import DataLoader

from conformance.feedback_spy import FROZEN, Spy, spied
from conformance.forecast_runs import Reader
from conformance.token_streams import V, stream
from conformance.training import assert_same, fit, make, train
from unrolled import compose
from unrolled.errors import InputError
from unrolled.functional.batch import SequenceBatch
from unrolled.functional.feedback import fused_segments
from unrolled.strategies import (
    AdaptiveTruncation,
    CarriedState,
    FreeRunning,
    ParallelScheduledSampling,
    TeacherForcing,
    TruncatedBPTT,
)
from unrolled.tasks import LanguageModeling

ROWS = 4000


def sampled(steps=2, **given):
    """(ROWS, steps): ids that rows read which all begin with the same id, and the model."""
    inputs = torch.full((ROWS, steps), 3)
    batch = SequenceBatch(inputs, inputs.clone(), (torch.arange(steps) == 0).repeat(ROWS, 1))
    arguments = {"fed_back": "sample", "optimizer": FROZEN, **given}
    run, spy = spied(FreeRunning, loader=DataLoader([batch], batch_size=None), **arguments)
    return spy.trained[0], run.task


def probabilities(task, tokens, temperature=1.0):
    """(V,) of the id behind these."""
    with torch.no_grad():
        hidden, _ = task.architecture(task.embedding(torch.tensor([tokens])))
        return (task.head(hidden[0, -1]).double() / temperature).exp()


@pytest.mark.parametrize("temperature", [1.0, 0.2])
@pytest.mark.parametrize("top_k", [None, V, 3])
def test_a_sample_follows_the_softmax_of_the_likeliest_few(temperature, top_k):
    read, task = sampled(steps=3, temperature=temperature, top_k=top_k)
    for first in (None, int(read[:, 1].mode().values)):  # behind one id, and behind the two that most rows read
        rows = read if first is None else read[read[:, 1] == first]
        drawn = rows[:, 1] if first is None else rows[:, 2]
        p = probabilities(task, [3] if first is None else [3, first], temperature)
        kept = p.topk(top_k or V).indices
        counts = torch.bincount(drawn, minlength=V).double()
        assert counts[kept].sum() == len(drawn), "none but these"
        expected = p[kept] / p[kept].sum() * len(drawn)
        assert chisquare(counts[kept].numpy(), expected.numpy()).pvalue > 1e-3


def test_the_test_sees_a_wrong_temperature():
    read, task = sampled(temperature=0.2)
    p = probabilities(task, [3], 0.25)
    assert chisquare(torch.bincount(read[:, 1], minlength=V).numpy(), (p / p.sum() * ROWS).numpy()).pvalue < 1e-3


def test_top_1_is_the_likeliest():
    likeliest, one = (spied(FreeRunning, optimizer=FROZEN, **given)[1].trained for given in ({}, ONE))
    assert all(torch.equal(a, b) for a, b in zip(likeliest, one, strict=True))


ONE = {"fed_back": "sample", "top_k": 1}


@pytest.mark.parametrize("given", [{}, {"fed_back": "sample"}, {"fed_back": "expected"}], ids=str)
@pytest.mark.parametrize("ratio", [0.9, 0.5])
def test_a_stretch_between_two_coins_is_one_fused_call(given, ratio):
    """Without a gradient the last one waits for the fused call over all steps, which alone has a gradient."""
    task = make(compose(LanguageModeling, TeacherForcing), ratio=ratio, optimizer=FROZEN, **given)
    reader, tossed = Reader(task), []
    toss = task.truth

    def told(rows, begin, end):
        tossed.append(toss(rows, begin, end))
        return tossed[-1]

    task.truth = told
    fit(task, trainer={"max_epochs": 1})
    cuts = [fused_segments(truth) for truth in tossed]
    assert [read.shape[1] for read in reader.sought] == [end - begin for one in cuts for begin, end in one[:-1]]
    assert [read.shape[1] for read in reader.trained] == [truth.shape[1] for truth in tossed] == [8, 8, 8, 4]
    assert sum(map(len, cuts)) < 28 or ratio < 0.9


def test_with_a_gradient_there_is_no_second_pass():
    task = make(compose(LanguageModeling, TeacherForcing), ratio=0.9, gradient=True, fed_back="expected")
    reader = Reader(task)
    fit(task, trainer={"max_epochs": 1})
    assert reader.sought == [] and sum(read.shape[1] for read in reader.trained) == 28 > len(reader.trained) > 4


@pytest.mark.parametrize("passes", [2, 3])
def test_parallel_reads_are_fused_whatever_the_coins(passes):
    task = make(compose(LanguageModeling, ParallelScheduledSampling), start=0.5, end=0.5, passes=passes)
    reader = Reader(task)
    fit(task, trainer={"max_epochs": 1})
    assert [read.shape[1] for read in reader.trained] == [8, 8, 8, 4]
    assert [read.shape[1] for read in reader.sought] == [n for n in (8, 8, 8, 4) for _ in range(passes - 1)]


def test_the_expected_embedding_is_the_mean_under_the_softmax():
    task = make(compose(LanguageModeling, FreeRunning), fed_back="expected", optimizer=FROZEN)
    reader = Reader(task.double())
    fit(task, trainer={"max_epochs": 1})
    for read, batch in zip([*reader.trained], stream(), strict=True):
        features, weight = task.embedding.weight[batch.inputs[:, :1]], task.embedding.weight
        for _ in range(batch.inputs.shape[1] - 1):
            hidden, _ = task.architecture(features)
            p = task.head(hidden[:, -1]).softmax(-1)
            features = torch.cat([features, sum(p[:, v, None] * weight[v] for v in range(V))[:, None]], 1)
        torch.testing.assert_close(read, features.detach(), rtol=0, atol=1e-14)


@pytest.mark.parametrize("given", [{}, {"fed_back": "sample"}, {"fed_back": "expected"}], ids=str)
def test_what_was_read_of_the_truth_trains_the_embedding(given):
    """And of what was fed back the likeliest and the sample do too, the expected one does not."""
    task = make(compose(LanguageModeling, FreeRunning), optimizer=FROZEN, **given)
    spy = Spy(task)
    run = fit(task, trainer={"max_steps": 1})
    moved = run.gradients[0]["embedding.weight"].abs().sum(1) > 0
    read = stream().inputs[:, :1] if given.get("fed_back") == "expected" else spy.trained[0]
    assert {*moved.nonzero().flatten().tolist()} == {*read.flatten().tolist()}


@pytest.mark.parametrize("owner", [TeacherForcing, FreeRunning, ParallelScheduledSampling])
@pytest.mark.parametrize(
    "given",
    [{"fed_back": "truth"}, {"fed_back": "sample", "temperature": 0.0}, {"fed_back": "sample", "temperature": -1.0}]
    + [{"fed_back": "sample", "temperature": x} for x in (float("nan"), float("inf"))]
    + [{"fed_back": "sample", "top_k": 0}, {"temperature": 0.5}, {"top_k": 3}, {"fed_back": "expected", "top_k": 3}],
    ids=str,
)
def test_nonsense_is_refused_in_one_line(owner, given):
    with pytest.raises(InputError, match=rf"^{owner.__name__}: [^\n]*{[*given.values()][-1]}[^\n]*$"):
        make(compose(LanguageModeling, CarriedState, owner), **given)


def test_a_coin_of_nothing_known_is_refused():
    with pytest.raises(InputError, match=r"^TeacherForcing: expected coin_per of .* got epoch$"):
        make(compose(LanguageModeling, TeacherForcing), coin_per="epoch")


@pytest.mark.parametrize("given", [{}, {"fed_back": "expected", "gradient": True}], ids=str)
def test_half_precision_keeps_every_gradient(given):
    """The steps without a graph must not leave weights behind that were cast without one."""
    strategies = [TeacherForcing, TruncatedBPTT, CarriedState]
    arguments = {"ratio": 0.5, "k1": 3, "k2": 5, "optimizer": FROZEN, **given}
    half = train(compose(LanguageModeling, *strategies), trainer={"precision": "bf16-mixed"}, **arguments)
    full = train(compose(LanguageModeling, *strategies), **arguments)
    assert all(torch.isfinite(loss) for loss in half.losses)
    for mixed, exact in zip(half.gradients, full.gradients, strict=True):
        assert mixed.keys() == exact.keys()
        assert all(bool(mixed[name].any()) == bool(exact[name].any()) for name in exact)
    assert float(half.losses[0]) == pytest.approx(float(full.losses[0]), rel=0.02)


@pytest.mark.parametrize("gradient", [False, True])
@pytest.mark.parametrize("ratio", [1.0, 0.5])
def test_how_far_a_loss_reaches_can_be_measured(ratio, gradient):
    """The own output in the state is a constant, or part of the way back."""
    given = {"ratio": ratio, "fed_back": "expected", "gradient": gradient}
    lags = {"shortest": 2, "longest": 6, "lags": 6, "estimate_every": 2, "learned_initial_state": True}
    orders = ((TeacherForcing, AdaptiveTruncation, CarriedState), (CarriedState, AdaptiveTruncation, TeacherForcing))
    runs = [train(compose(LanguageModeling, *order), **given, **lags) for order in orders]
    assert_same(*runs)
    assert all(torch.isfinite(loss) for loss in runs[0].losses) and int(runs[0].task.chosen_window) < 6
