"""compose: the same class as the statement, each time the same object, conflicts refused by name."""

import pickle

import pytest

import unrolled
from conformance.training import TASK, assert_same, train
from unrolled import compose
from unrolled.errors import InputError
from unrolled.strategies import CarriedState, ClipNorm, ClipValue, ScheduledSampling, TeacherForcing, TruncatedBPTT
from unrolled.tasks import LanguageModeling
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
