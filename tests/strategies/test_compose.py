"""compose: the same class as the statement, each time the same object, conflicts refused by name."""

import inspect
import pickle
import subprocess
import sys

import pytest
import torch
from jsonargparse import ArgumentParser

import unrolled
from conformance.training import TASK, assert_same, train
from unrolled import compose
from unrolled.architectures import LSTM
from unrolled.errors import InputError
from unrolled.strategies import CarriedState, ClipNorm, ClipValue, ScheduledSampling, TeacherForcing, TruncatedBPTT
from unrolled.tasks import Forecasting, LanguageModeling
from unrolled.tasks.base import SequenceTask


class Written(TruncatedBPTT, ScheduledSampling, ClipNorm, LanguageModeling):
    """By hand."""


ARGUMENTS = {"k1": 3, "k2": 5, "start": 0.5, "end": 0.5, "max_norm": 0.1}


def test_it_is_the_same_object_each_time():
    assert compose(LanguageModeling, TruncatedBPTT, ClipNorm) is compose(LanguageModeling, TruncatedBPTT, ClipNorm)
    assert compose(LanguageModeling, TruncatedBPTT, ClipNorm) is not compose(LanguageModeling, ClipNorm, TruncatedBPTT)
    assert unrolled.compose is compose


def test_it_equals_the_class_statement():
    made = compose(LanguageModeling, TruncatedBPTT, ScheduledSampling, ClipNorm)
    assert made.__bases__ == Written.__bases__ and made.__mro__[1:] == Written.__mro__[1:]
    own = vars(made).keys() - {"__module__", "__doc__", "__abstractmethods__", "_abc_impl", "__parameters__"}
    assert own == set()  # it adds nothing
    assert_same(train(made, **ARGUMENTS), train(Written, **ARGUMENTS))


def test_without_strategies_it_is_the_task():
    assert_same(train(compose(LanguageModeling)), train(LanguageModeling))


def test_it_is_found_by_its_module_and_name():
    made = compose(LanguageModeling, CarriedState, ClipNorm)
    assert pickle.loads(pickle.dumps(made)) is made  # noqa: S301  our own bytes


@pytest.mark.parametrize(
    ("pair", "seam"), [((ClipNorm, ClipValue), "clipping"), ((TeacherForcing, ScheduledSampling), "feedback")]
)
@pytest.mark.parametrize("between", [(), (TruncatedBPTT,)], ids=["side by side", "apart"])
def test_two_owners_of_one_seam_are_refused_by_name(pair, seam, between):
    first, second = pair
    with pytest.raises(InputError) as caught:
        compose(LanguageModeling, first, *between, second)
    message = str(caught.value)
    assert first.__name__ in message and second.__name__ in message and f"'{seam}'" in message and "\n" not in message
    with pytest.raises(InputError, match=first.__name__):
        type("Both", (first, second, LanguageModeling), {})


def test_one_strategy_twice_is_refused_by_name():
    with pytest.raises(InputError, match="ClipNorm"):
        compose(LanguageModeling, ClipNorm, ClipNorm)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ((ClipNorm, LanguageModeling), "expected a task first, got the strategy ClipNorm"),
        ((ClipNorm,), "expected a task first, got the strategy ClipNorm"),
        ((ClipNorm.with_(max_norm=1.0), LanguageModeling), "expected a task first, got the strategy ClipNorm"),
        ((LSTM, ClipNorm), "expected a task first, got LSTM. Pass an architecture to the task: architecture=..."),
        (("LanguageModeling", ClipNorm), "expected a task first, got 'LanguageModeling'. Pass a class"),
        ((LanguageModeling, LSTM), "expected a strategy after the task, got LSTM. Pass an architecture to the task"),
        (
            (LanguageModeling, LSTM(input_size=1, hidden_size=1)),
            "got an instance of LSTM. Pass a class",
        ),
        ((LanguageModeling, "ClipNorm"), "expected a strategy after the task, got 'ClipNorm'. Pass a class"),
        ((LanguageModeling, [ClipNorm]), "expected a strategy after the task, got an instance of list. Pass a class"),
        ((LanguageModeling, Forecasting), "expected a strategy after the task, got the task Forecasting"),
        ((LanguageModeling, int), "expected a strategy after the task, got int"),
    ],
)
def test_parts_in_the_wrong_place_are_refused_in_one_line(parts, message):
    with pytest.raises(InputError) as caught:
        compose(*parts)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_composed_class_can_be_composed_further():
    made = compose(compose(LanguageModeling, ClipNorm), CarriedState)
    assert made.strategy_of("clipping") is ClipNorm and made.strategy_of("memory") is CarriedState


def test_an_additive_seam_has_room_for_two():
    made = [type(name, (SequenceTask,), {"seam": "penalty"}) for name in ("L1", "L2")]
    assert issubclass(compose(LanguageModeling, *made), LanguageModeling)


def test_a_class_that_refines_a_strategy_owns_its_seam_alone():
    class Gentle(ClipNorm):
        """The same seam, stated once."""

    assert issubclass(compose(LanguageModeling, Gentle), ClipNorm)
    with pytest.raises(InputError, match="ClipNorm and ClipValue|ClipValue and ClipNorm"):
        compose(LanguageModeling, Gentle, ClipValue)


def test_the_arguments_of_every_owner_are_kept_with_the_checkpoint():
    made = compose(LanguageModeling, TruncatedBPTT, CarriedState, ScheduledSampling, ClipNorm)
    kept = dict(made(**TASK, **ARGUMENTS).hparams)
    assert ARGUMENTS.items() <= kept.items() and TASK.items() <= kept.items()


def test_an_argument_that_nobody_owns_is_refused():
    with pytest.raises(TypeError, match="max_norm"):
        compose(LanguageModeling, TruncatedBPTT)(**TASK, max_norm=1.0)


class Clamp(SequenceTask):
    """Clamp every weight after a step."""

    seam = "constraint"
    cap: float

    def constrain(self):
        super().constrain()
        for weight in self.parameters():
            weight.data.clamp_(-self.cap, self.cap)


class Cap(Clamp):
    """With an argument of the name of ClipNorm's."""

    def __init__(self, *, max_norm: float = 9.0, **kwargs):
        super().__init__(**kwargs)
        self.cap = max_norm


class RenamedCap(Clamp):
    """With an argument that no other strategy has."""

    def __init__(self, *, cap: float = 9.0, **kwargs):
        super().__init__(**kwargs)
        self.cap = cap


def test_arguments_next_to_their_owner_equal_flat_ones():
    bound = compose(LanguageModeling, TruncatedBPTT.with_(k1=3, k2=5), ClipNorm.with_(max_norm=0.1))
    flat = compose(LanguageModeling, TruncatedBPTT, ClipNorm)
    assert_same(train(bound), train(flat, k1=3, k2=5, max_norm=0.1))
    assert bound(**TASK).hparams == flat(**TASK, k1=3, k2=5, max_norm=0.1).hparams
    assert issubclass(bound, flat)


def test_arguments_next_to_their_owner_are_defaults():
    bound = compose(LanguageModeling.with_(dropout=0.2), TruncatedBPTT.with_(k1=3))
    assert bound(**TASK).k1 == 3 and bound(**TASK).dropout == 0.2
    assert bound(**TASK, k1=4).k1 == 4 and bound(**TASK, TruncatedBPTT={"k1": 5}).k1 == 5
    parameters = inspect.signature(bound).parameters
    assert parameters["k1"].default == 3 and parameters["dropout"].default == 0.2
    assert "(TruncatedBPTT, default 3)" in bound.__doc__


def test_equal_arguments_give_the_same_class():
    first = compose(LanguageModeling, ClipNorm.with_(max_norm=1.0))
    assert compose(LanguageModeling, ClipNorm.with_(max_norm=1.0)) is first
    assert compose(LanguageModeling, ClipNorm.with_(max_norm=2.0)) is not first
    assert compose(LanguageModeling, ClipNorm.with_()) is compose(LanguageModeling, ClipNorm)


def test_a_misspelt_argument_next_to_its_owner_is_refused_by_name():
    with pytest.raises(TypeError, match=r"ClipNorm has no argument 'max_nrom'. Did you mean max_norm \(ClipNorm\)"):
        ClipNorm.with_(max_nrom=1.0)


@pytest.mark.parametrize("swap", [False, True])
def test_two_strategies_may_have_an_argument_of_one_name(swap):
    parts = ClipNorm.with_(max_norm=0.1), Cap.with_(max_norm=0.05)
    made = compose(LanguageModeling, *(parts[::-1] if swap else parts))
    task = made(**TASK)
    assert task.max_norm == 0.1 and task.cap == 0.05
    assert_same(train(made), train(compose(LanguageModeling, ClipNorm, RenamedCap), max_norm=0.1, cap=0.05))


def test_an_argument_of_one_name_is_given_by_owner():
    made = compose(LanguageModeling, ClipNorm, Cap)
    task = made(**TASK, ClipNorm={"max_norm": 0.1}, Cap={"max_norm": 0.05})
    assert task.max_norm == 0.1 and task.cap == 0.05
    assert task.hparams.ClipNorm == {"max_norm": 0.1} and "max_norm" not in task.hparams
    again = made(**task.hparams)
    assert again.max_norm == 0.1 and again.cap == 0.05 and again.hparams == task.hparams
    with pytest.raises(InputError, match="max_norm is an argument of ClipNorm and Cap. Give it to one") as caught:
        made(**TASK, max_norm=0.1)
    assert "\n" not in str(caught.value)
    assert "ClipNorm" in inspect.signature(made).parameters and "max_norm" not in inspect.signature(made).parameters
    assert "(Cap, default 9.0)" in made.__doc__ and "(ClipNorm, " in made.__doc__


def test_a_class_with_arguments_is_pickled_by_its_parts():
    made = compose(LanguageModeling, CarriedState, ClipNorm.with_(max_norm=0.1))
    stored = pickle.dumps(made)
    assert pickle.loads(stored) is made  # noqa: S301  our own bytes
    code = "import pickle, sys; made = pickle.load(sys.stdin.buffer); print(made.given_arguments, made.__name__)"
    done = subprocess.run([sys.executable, "-c", code], input=stored, capture_output=True, check=True)
    assert done.stdout.decode().strip() == f"{{'ClipNorm': {{'max_norm': 0.1}}}} {made.__name__}"


def test_jsonargparse_finds_a_class_by_its_name():
    parser = ArgumentParser(exit_on_error=False)
    parser.add_class_arguments(compose(LanguageModeling, ClipNorm), "task", fail_untyped=False)
    told = parser.parse_object({"task": {**TASK, "max_norm": 0.5}})
    assert told.task.max_norm == 0.5 and told.task.embedding_size == TASK["embedding_size"]


def test_arguments_of_a_composed_part_stay():
    clipped, rnn = compose(LanguageModeling, ClipNorm.with_(max_norm=0.5)), unrolled.spec("RNN", hidden_size=3)
    assert compose(clipped, TruncatedBPTT)(vocabulary_size=7, architecture=rnn).max_norm == 0.5
    task = compose(clipped, TruncatedBPTT.with_(k1=5))(vocabulary_size=7, architecture=rnn)
    assert (task.max_norm, task.k1) == (0.5, 5)


def test_instances_that_look_alike_are_told_apart():
    cells = [unrolled.LSTM(input_size=128, hidden_size=4) for _ in range(2)]
    for cell in cells:
        task = compose(LanguageModeling.with_(architecture=cell), ClipNorm)(vocabulary_size=7)
        assert torch.equal(task.architecture.cells[0].weight_hh_l0, cell.cells[0].weight_hh_l0)
