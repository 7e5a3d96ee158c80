"""CheckpointedBPTT: the full gradient, of less memory; against full back-propagation and loops of single steps."""

import math

import pytest
import pytorch_lightning as pl
import torch

from conformance.bptt_runs import LR, STACK, agree, architecture, batch, loader, ragged, ran
from conformance.feedback_spy import Spy
from conformance.references.bptt import CELLS, trained
from conformance.token_streams import stream
from conformance.training import DROPOUT, assert_close, assert_same, fit, make, train
from unrolled import compose
from unrolled.errors import InputError
from unrolled.strategies import CheckpointedBPTT, ClipNorm, TeacherForcing, TruncatedBPTT
from unrolled.tasks import LanguageModeling
from unrolled.tasks.base import SequenceTask

Checkpointed = compose(LanguageModeling, CheckpointedBPTT)
SEGMENTS = [None, 1, 2, 3, 9, 50]
LADDER = (16, 9, 7, 2, 1)  # T: squares and others
each_count = pytest.mark.parametrize("segments", SEGMENTS)


@pytest.mark.parametrize(("cell", "layers"), STACK)
def test_the_gradient_is_the_full_one_by_hand(cell, layers):
    batches = [ragged(length, marks=[(0, length // 2)]) for length in LADDER]
    run, begin = ran(Checkpointed, cell, batches, layers=layers, lr=LR)
    agree(run, trained(cell, begin, batches, lr=LR))


class InPieces(SequenceTask):
    """Full back-propagation through as many calls as there are segments: dropout then draws in the same order."""

    seam = "truncation"

    def __init__(self, *, segments: int | None = None, **kwargs):
        super().__init__(**kwargs)
        self.segments = segments

    def split_points(self):
        length = self.batch.inputs.shape[1]
        steps = math.ceil(length / (self.segments or math.isqrt(length - 1) + 1))
        return {*range(steps, length, steps)}


@each_count
@pytest.mark.parametrize("extra", [{}, DROPOUT], ids=["plain", "dropout"])
def test_any_number_of_segments_equals_full_backpropagation(segments, extra):
    """With dropout too: under the same seed a segment that is run again draws the same masks."""
    given = {"dtype": torch.float64, **extra}
    run = train(Checkpointed, segments=segments, **given)
    whole = train(LanguageModeling, **given)
    pieces = train(compose(LanguageModeling, InPieces), segments=segments, **given)
    for full in (pieces,) if extra and segments != 1 else (pieces, whole):
        assert len(run.losses) == len(full.losses) == 8
        assert_close(run.weights, full.weights)
        for one, other in zip(run.gradients, full.gradients, strict=True):
            assert_close(one, other, 1e-11)
    assert_same(train(Checkpointed, segments=segments, **given), run)


@pytest.mark.parametrize("cell", CELLS)
def test_one_segment_is_full_backpropagation_bit_for_bit(cell):
    given = {"architecture": architecture(cell, 2, dropout=0.3), "dropout": 0.3}
    assert_same(train(Checkpointed, segments=1, **given), train(LanguageModeling, **given))


@each_count
def test_dropout_draws_the_same_masks_again(segments):
    """The gradient is that of the loss that was told: a finite difference along it, the masks held by the seed."""
    made = batch(9)

    def told(shift, gradients=None):
        given = {"segments": segments, **DROPOUT, "optimizer": {"class_path": "SGD", "init_args": {"lr": 0.0}}}
        task = make(Checkpointed, **given).double()
        if gradients is not None:
            with torch.no_grad():
                for name, p in task.named_parameters():
                    p += shift * gradients[name]
        return fit(task, loader([made]), trainer={"max_epochs": 1})

    gradients = told(0.0).gradients[0]
    square = sum(float((g**2).sum()) for g in gradients.values())
    step = 1e-5
    slope = float(told(step, gradients).losses[0] - told(-step, gradients).losses[0]) / (2 * step)
    assert slope == pytest.approx(square, rel=1e-6)


class Saved(pl.Callback):
    """How many bytes the graph of a batch holds when its backward pass starts."""

    def __init__(self):
        self.bytes, self.hooks = 0, None

    def on_train_batch_start(self, *_):
        self.held = {}
        self.hooks = torch.autograd.graph.saved_tensors_hooks(self._pack, lambda tensor: tensor)
        self.hooks.__enter__()

    def _pack(self, tensor):
        storage = tensor.untyped_storage()
        self.held[storage.data_ptr()] = storage.nbytes()
        return tensor

    def on_before_backward(self, *_):
        self.hooks.__exit__(None, None, None)
        self.bytes = sum(self.held.values())


def test_the_graph_holds_a_fraction_of_what_full_backpropagation_holds():
    held = {}
    for cls in (LanguageModeling, Checkpointed):
        saved = Saved()
        ran(cls, "GRU", [batch(400, 1)], callbacks=[saved])
        held[cls] = saved.bytes
    assert held[Checkpointed] < held[LanguageModeling] / 2, held


@pytest.mark.parametrize(("length", "longest"), [(16, 4), (17, 5), (100, 10), (3, 2), (1, 1)])
def test_segments_are_as_long_as_the_root_of_the_batch(length, longest):
    """ceil(sqrt(T)) steps each at most, every one run once and then once more at most."""
    assert longest == math.isqrt(length - 1) + 1
    task = make(Checkpointed).double()
    spy = Spy(task)
    fit(task, loader([batch(length)]), trainer={"max_epochs": 1})
    widths = [tokens.shape[1] for tokens in spy.trained + spy.sought]
    assert longest - 1 <= max(widths) <= longest and length <= sum(widths) <= 2 * length


@pytest.mark.parametrize("wrong", [0, -1])
def test_segments_out_of_range_are_refused_in_one_line(wrong):
    with pytest.raises(InputError, match=f"segment.*{wrong}") as caught:
        make(Checkpointed, segments=wrong)
    assert "\n" not in str(caught.value)


def test_two_owners_of_the_truncation_are_refused():
    with pytest.raises(InputError, match="truncation"):
        compose(LanguageModeling, CheckpointedBPTT, TruncatedBPTT)


def test_accumulation_over_batches_is_that_of_full_backpropagation():
    given = {"dtype": torch.float64, "trainer": {"accumulate_grad_batches": 2}}
    assert_close(train(Checkpointed, **given).weights, train(LanguageModeling, **given).weights)


@pytest.mark.parametrize("ratio", [1.0, 0.5, 0.0])
def test_the_models_own_words_are_chosen_once(ratio):
    """Under the same seed the same tokens are read as without it."""
    full = compose(LanguageModeling, TeacherForcing)
    checkpointed = compose(LanguageModeling, TeacherForcing, CheckpointedBPTT)
    given = {"ratio": ratio, "dtype": torch.float64}
    one, other = train(full, **given), train(checkpointed, segments=1, **given)
    assert_same(other, one)
    run, again = (train(checkpointed, segments=3, **given) for _ in range(2))
    assert_same(again, run)
    if ratio in (0.0, 1.0):  # no coin decides
        assert_close(run.weights, one.weights)


def test_clipping_sees_the_whole_gradient():
    full, checkpointed = compose(LanguageModeling, ClipNorm), compose(LanguageModeling, ClipNorm, CheckpointedBPTT)
    given = {"max_norm": 0.2, "dtype": torch.float64}
    assert_close(train(checkpointed, **given).weights, train(full, **given).weights)


def test_bfloat16_is_near_float32():
    wide, narrow = (train(Checkpointed, **DROPOUT, trainer={"precision": p}) for p in ("32-true", "bf16-mixed"))
    assert all(value.dtype == torch.float32 for value in narrow.weights.values())
    torch.testing.assert_close(torch.stack(narrow.losses).float(), torch.stack(wide.losses), rtol=0.03, atol=0.03)


def test_an_evaluation_between_batches_changes_nothing():
    run = train(Checkpointed, validation=stream(20, rows=5), trainer={"val_check_interval": 1}, **DROPOUT)
    assert_same(run, train(Checkpointed, **DROPOUT))
