"""CarriedState, argument by argument, against loops of single steps; written from the text, not from the code."""

import math

import pytest
import pytorch_lightning as pl
import torch

from conformance.bptt_runs import LR, STACK, agree, architecture, batch, hand_weights, loader, ragged, ran, sgd
from conformance.feedback_spy import Spy
from conformance.references.bptt import CELLS, IGNORE, Memory, heard, trained, whole, williams_peng
from conformance.token_streams import B, T, stream
from conformance.training import DROPOUT, SaveAfter, assert_close, assert_same, fit, make, train
from unrolled import compose
from unrolled.data.loaders.token_stream import StreamLoader
from unrolled.errors import InputError
from unrolled.functional.batch import SequenceBatch
from unrolled.strategies import CarriedState, CheckpointedBPTT, TeacherForcing, TruncatedBPTT
from unrolled.tasks import LanguageModeling

Carried = compose(LanguageModeling, CarriedState)
Both = compose(LanguageModeling, CarriedState, TruncatedBPTT)
FORMS = ("recomputed", "kept")
WAYS = [(whole, {})] + [  # where the gradient is cut, and the arguments that say so
    (williams_peng(k1, k2), {"k1": k1, "k2": k2, "past": past})
    for k1, k2, past in [(3, 3, "kept"), (3, 5, "kept"), (3, 5, "recomputed"), (2, 7, "kept"), (2, 7, "recomputed")]
]
each_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: "-".join(map(str, way[1].values())) or "whole")
MARKS = [[(0, 0)], [(1, 4)], [(0, 3), (1, 5), (2, 1), (2, 6)], [(0, 7), (1, 8), (2, 8)], [(0, 2), (0, 3), (0, 4)]]
each_mark = pytest.mark.parametrize("marks", MARKS, ids=str)


def compare(batches, way=WAYS[0], *, cell="LSTM", layers=1, burn_in=0, learned=False, lr=LR, forgotten=None, **given):
    """One epoch of the strategy, then by hand."""
    spans, cut = way
    given = {"burn_in": burn_in, "learned_initial_state": learned, **cut, **given}
    run, begin = ran(Both if cut else Carried, cell, batches, layers=layers, lr=lr, **given)
    memory = Memory(True, burn_in, forgotten)
    agree(run, trained(cell, begin, batches, spans, past=cut.get("past", "kept"), lr=lr, memory=memory))
    return run


def flowing(marks=(), lengths=(9, 9, 5, 9)):
    """Batches that go on from one another; the second and the last carry the marks."""
    return [ragged(t, seed=n, marks=[m for m in marks if n % 2 and m[1] < t]) for n, t in enumerate(lengths)]


# ----------------------------------------------------------------------------------------------------- flow and marks


@pytest.mark.parametrize("way", [WAYS[0], WAYS[3]], ids=["whole", "kept"])
@pytest.mark.parametrize(("cell", "layers"), STACK)
def test_a_row_flows_on_and_starts_anew_at_its_marks(cell, layers, way):
    compare(flowing(MARKS[2]), way, cell=cell, layers=layers)


@each_way
@each_mark
def test_marks_before_inside_and_behind_a_window(marks, way):
    compare(flowing(marks), way)


@each_way
def test_a_batch_without_a_target_carries_its_state_on(way):
    batches = flowing()
    batches[1].targets[:] = IGNORE
    compare(batches, way)


def test_no_state_passes_a_mark():
    """What a row read before its mark changes nothing behind it: neither loss nor gradient."""
    one = [batch(9, seed=1), batch(9, seed=2, marks=[(0, 4), (1, 4), (2, 4)])]
    one[0].targets[:], one[1].targets[:, :4] = IGNORE, IGNORE
    other = [b._replace(inputs=b.inputs.clone()) for b in one]
    other[0].inputs[:] = 3
    other[1].inputs[:, :4] = 5
    first, second = (ran(Carried, "LSTM", batches)[0] for batches in (one, other))
    assert len(first.losses) == 1 and torch.equal(first.losses[0], second.losses[0])
    assert all(torch.equal(first.gradients[0][name], second.gradients[0][name]) for name in first.weights)


@each_way
@pytest.mark.parametrize("rows", [(3, 1, 3), (1, 3, 2, 4)], ids=str)
def test_fewer_rows_carry_on_and_further_rows_start_anew(rows, way):
    batches = [batch(7, count, seed=n) for n, count in enumerate(rows)]
    compare(batches, way, burn_in=1, learned=True)


@pytest.mark.parametrize("learned", [False, True])
@pytest.mark.parametrize("rows", [(3, 2, 2), (2, 4, 4), (4, 2, 3)], ids=str)
def test_fewer_and_more_rows_without_a_burn_in(rows, learned):
    compare([batch(7, count, seed=n) for n, count in enumerate(rows)], learned=learned, lr=0.5)


def test_the_own_last_word_flows_on_with_its_row():
    """A row that goes on reads the own word, here always 0, as the first of a batch too; a further row the truth."""
    batches = [batch(4, rows, seed=rows, marks=marks) for rows, marks in [(3, ()), (1, ()), (3, [(0, 2)])]]
    for made in batches:
        made.inputs.clamp_(min=1)
    task = make(compose(LanguageModeling, CarriedState, TeacherForcing), ratio=0.0, learned_initial_state=True).double()
    with torch.no_grad():
        task.head.bias[0] = 1e3
    spy = Spy(task)
    fit(task, loader(batches), trainer={"max_epochs": 1})
    truth = [torch.zeros(len(made.inputs), 4, dtype=torch.bool) for made in batches]
    truth[0][:, 0] = truth[2][1:, 0] = truth[2][0, 2] = True
    read = iter(spy.trained)
    for made, known in zip(batches, truth, strict=True):
        tokens = next(read)
        while tokens.shape[1] < 4:  # a batch is read in pieces where a row starts anew
            tokens = torch.cat([tokens, next(read)], 1)
        assert torch.equal(tokens, torch.where(known, made.inputs, 0))


# --------------------------------------------------------------------------------------------- learned initial state


@each_way
@pytest.mark.parametrize(("cell", "marks"), [*zip(CELLS, MARKS[1:], strict=True)])
def test_a_learned_initial_state(cell, marks, way):
    run = compare(flowing(marks), way, cell=cell, layers=2, learned=True, lr=0.5)
    moved = {name: value for name, value in hand_weights(run.task).items() if name.startswith("initial.")}
    assert len(moved) == CELLS[cell][1] and all(bool(value.any()) for value in moved.values())


@pytest.mark.parametrize("cell", CELLS)
def test_the_learned_initial_state_is_zeros_at_first_and_one_for_all_rows(cell):
    task = make(Carried, architecture=architecture(cell, 2), learned_initial_state=True)
    learned = {name: value for name, value in hand_weights(task).items() if name.startswith("initial.")}
    assert len(learned) == CELLS[cell][1] and not any(bool(value.any()) for value in learned.values())
    absent = make(Carried, architecture=architecture(cell, 2))
    assert hand_weights(absent).keys() == hand_weights(task).keys() - learned.keys()


def test_an_initial_state_that_is_still_zeros_changes_no_loss():
    learned, zeros = (
        ran(Carried, "LSTM", flowing(MARKS[2]), learned_initial_state=given)[0].losses for given in (True, False)
    )
    assert torch.equal(torch.stack(learned), torch.stack(zeros))


def test_the_initial_state_is_learned_where_every_row_starts_with_every_batch():
    fresh = [(row, 0) for row in range(3)]
    compare([ragged(9, seed=n, marks=fresh) for n in range(3)], learned=True)


# -------------------------------------------------------------------------------------------------------------- burn-in


@each_way
@pytest.mark.parametrize(("burn_in", "marks"), [*zip([1, 4, 3, 1, 2], MARKS, strict=True)])
def test_burn_in(burn_in, marks, way):
    compare(flowing(marks), way, burn_in=burn_in)


@pytest.mark.parametrize("burn_in", [5, 8, 9, 10, 14])
def test_burn_in_goes_on_in_the_next_batch(burn_in):
    """A row that starts at a batch's end, and a burn-in longer than a batch."""
    compare(flowing([(0, 7), (1, 8), (2, 4)]), burn_in=burn_in)
    compare(flowing([(0, 7), (1, 8), (2, 4)]), WAYS[2], burn_in=burn_in)


@each_way
def test_all_arguments_together(way):
    compare(flowing(MARKS[2]), way, cell="GRU", layers=2, burn_in=2, learned=True)


def test_a_learned_initial_state_gets_no_gradient_through_a_burn_in():
    run = compare(flowing(MARKS[2]), burn_in=1, learned=True)
    assert not any(value.any() for name, value in hand_weights(run.task).items() if name.startswith("initial."))


def test_a_burn_in_beyond_all_data_trains_nothing():
    run = compare(flowing(), burn_in=99)
    assert run.gradients == []


# ------------------------------------------------------------------------------------------------- drop probability


class Starts(pl.Callback):
    """For each batch the rows (B,) whose state is zero when the architecture is first called."""

    def __init__(self):
        self.rows, self.waiting = [], False

    def setup(self, trainer, task, stage):
        task.architecture.register_forward_pre_hook(self._look)

    def on_train_batch_start(self, *_):
        self.waiting = True

    def _look(self, module, inputs):
        if self.waiting:
            self.rows.append(~torch.stack([part.flatten(1).any(1) for part in inputs[1]]).any(0))
            self.waiting = False


class Flow(StreamLoader):
    """A stream that starts anew nowhere but at its beginning."""


def drops(probability, *, rows=50, batches=30, seed=0, **given):
    """(batches - 1, rows) bool: which rows forgot at the start of a batch behind the first."""
    tokens = torch.randint(1, 7, (rows * 2 * batches,), generator=torch.Generator().manual_seed(2))
    starts = Starts()
    trainer = {"max_epochs": 1, **given.pop("trainer", {})}
    train(
        Carried if "k1" not in given else Both,
        loader=Flow(tokens, begin=0, rows=rows, window=2),
        seed=seed,
        drop_probability=probability,
        callbacks=[starts],
        trainer=trainer,
        **given,
    )
    assert len(starts.rows) == batches and bool(starts.rows[0].all())
    return torch.stack(starts.rows[1:])


def assert_share(outcomes, probability, sigmas=4.0):
    """A two-sided binomial test; the seed is fixed."""
    n = outcomes.numel()
    away = abs(float(outcomes.sum()) - n * probability)
    assert away <= sigmas * math.sqrt(n * probability * (1 - probability)), float(outcomes.float().mean())


@pytest.mark.parametrize("given", [{}, {"trainer": {"accumulate_grad_batches": 3}}, {"k1": 1, "k2": 2}], ids=str)
@pytest.mark.parametrize("probability", [0.1, 0.5])
def test_each_row_forgets_with_this_probability_alone(probability, given):
    forgot = drops(probability, **given)
    assert_share(forgot, probability)
    agree = probability**2 + (1 - probability) ** 2
    assert_share(forgot[:, ::2] == forgot[:, 1::2], agree)  # rows, pair by pair
    assert_share(forgot[:-1:2] == forgot[1::2], agree)  # one batch and the next


def test_never_and_always():
    assert not drops(0.0, batches=6).any() and drops(1.0, batches=6).all()
    assert_same(train(Carried, drop_probability=1.0), train(LanguageModeling))


def test_a_seed_says_which_rows_forget():
    one, again, other = (drops(0.3, batches=8, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(one, again) and not torch.equal(one, other)


@each_way
@pytest.mark.parametrize("learned", [False, True])
def test_rows_that_forget_by_hand(learned, way):
    """The rows are seen in a run without a learned state; the same seed then drops the same rows."""
    batches, starts = [batch(9, 5, seed=n) for n in range(4)], Starts()
    _, cut = way
    given = {"drop_probability": 0.4, **cut}
    ran(Both if cut else Carried, "GRU", batches, callbacks=[starts], **given)
    forgotten = torch.stack(starts.rows[1:])
    assert forgotten.any() and not forgotten.all()
    compare(batches, way, cell="GRU", learned=learned, burn_in=2, forgotten=starts.rows, drop_probability=0.4)


# ------------------------------------------------------------------------------------------------ resume, evaluation


class Marked(StreamLoader):
    """Rows start anew in mid-batch, one of them at each batch's last step; no batch ends with a target."""

    def __iter__(self):
        for made in super().__iter__():
            fresh, targets = made.resets.clone(), made.targets.clone()
            fresh[1, 3] |= self.position == 2
            fresh[0, -1], targets[:, -2:] = True, IGNORE
            yield SequenceBatch(made.inputs, targets, fresh)


ALL = {"drop_probability": 0.3, "learned_initial_state": True, "burn_in": 3}
RESUMES = [(Carried, {})] + [(Both, {"k1": 3, "k2": 5, "past": past}) for past in FORMS]


@pytest.mark.parametrize("stop", [1, 2, 5])
@pytest.mark.parametrize(("cls", "cut"), RESUMES, ids=["whole", *FORMS])
def test_a_resumed_run_is_bitwise_one_that_never_stopped(cls, cut, stop, tmp_path):
    path, given = tmp_path / "last.ckpt", {**DROPOUT, **ALL, **cut}
    saved = train(cls, loader=stream(kind=Marked), callbacks=[SaveAfter(stop, path)], **given)
    resumed = train(cls, loader=stream(kind=Marked), resume=path, **given)
    assert 0 < len(resumed.losses) < len(saved.losses)
    assert_same(resumed, saved)


@pytest.mark.parametrize("given", [{}, {**ALL, "burn_in": 1}, {"burn_in": 9}, {"drop_probability": 0.5}], ids=str)
@pytest.mark.parametrize(("cls", "cut"), RESUMES, ids=["whole", *FORMS])
def test_validation_in_mid_epoch_changes_nothing(cls, cut, given):
    given = {**DROPOUT, **given, **cut}
    plain = train(cls, loader=stream(kind=Marked), **given)
    trainer = {"val_check_interval": 1, "num_sanity_val_steps": 2}
    assert_same(train(cls, loader=stream(kind=Marked), validation=stream(20, rows=5), trainer=trainer, **given), plain)


class Losses(pl.Callback):
    """Of every validation, unrounded."""

    def __init__(self):
        self.heard = []

    def on_validation_epoch_end(self, trainer, task):
        self.heard.append(float(task.losses["val"].compute()))


@pytest.mark.parametrize("given", [{}, ALL, {"drop_probability": 1.0}, {"burn_in": 3}], ids=str)
def test_evaluation_is_one_long_pass_whatever_the_training_was(given):
    """It forgets nothing at random, counts every target, and starts where the training's sequences start."""
    opening = [(row, 0) for row in range(3)]
    split = [ragged(9, seed=7, marks=opening), ragged(9, seed=8, marks=[(0, 4), (2, 0)]), ragged(5, seed=9)]
    losses = Losses()
    train_on = [ragged(9, seed=n, marks=[(n % 3, 5)]) for n in range(3)]
    run, _ = ran(Carried, "LSTM", train_on, lr=LR, validation=loader(split), callbacks=[losses], **given)
    run.trainer.validate(run.task, loader(split), verbose=False)
    expected = heard("LSTM", hand_weights(run.task), split)
    assert losses.heard == pytest.approx([expected, expected], rel=1e-12)


def test_evaluation_does_not_see_the_training_state():
    """Weights held still: validations between batches of training all hear the same, with fewer and with more rows."""
    losses, split = Losses(), [batch(5, 4, seed=7, marks=[(row, 0) for row in range(4)]), batch(5, 4, seed=8)]
    trainer = {"val_check_interval": 1}
    ran(Carried, "LSTM", flowing(), validation=loader(split), callbacks=[losses], trainer=trainer)
    assert len(losses.heard) == 4 and len(set(losses.heard)) == 1


# -------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    "wrong",
    [{"drop_probability": p} for p in (-0.1, 1.1, float("nan"))] + [{"burn_in": -1}],
    ids=str,
)
def test_arguments_out_of_range_are_refused_in_one_line(wrong):
    (name,) = wrong
    with pytest.raises(InputError, match=name) as caught:
        make(Carried, **wrong)
    assert "\n" not in str(caught.value)


@each_way
def test_the_defaults_are_a_plain_carried_state(way):
    _, cut = way
    spelled = {"drop_probability": 0.0, "learned_initial_state": False, "burn_in": 0}
    cls = Both if cut else Carried
    assert_same(train(cls, **DROPOUT, **cut, **spelled), train(cls, **DROPOUT, **cut))


def test_checkpointing_carries_the_same_state():
    cls = compose(LanguageModeling, CarriedState, CheckpointedBPTT)
    given = {"burn_in": 2, "learned_initial_state": True, "lr": LR}
    plain, _ = ran(Carried, "LSTM", flowing(MARKS[2]), **given)
    run, _ = ran(cls, "LSTM", flowing(MARKS[2]), **given)
    assert_close(run.weights, plain.weights)
    for one, other in zip(run.gradients, plain.gradients, strict=True):
        assert_close(one, other)


def test_a_stream_in_batches_is_the_streams_rows_end_to_end():
    """The loader of the package itself, T = 8, with a shorter last batch."""
    batches = [*stream()]
    assert [b.inputs.shape for b in batches] == [(B, T)] * 3 + [(B, 4)]
    compare(batches, WAYS[3], learned=True)


def test_a_second_epoch_starts_anew_where_the_data_says_so():
    task = make(Carried, architecture=architecture("LSTM"), optimizer=sgd(LR), learned_initial_state=True).double()
    begin = hand_weights(task)
    run = fit(task, stream(), trainer={"max_epochs": 2})
    agree(run, trained("LSTM", begin, [*stream(), *stream()], lr=LR, memory=Memory(True)))
