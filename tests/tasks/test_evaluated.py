"""What tasks share, and which strategies they can be composed with."""

import pytest

from unrolled import compose
from unrolled.config import catalog
from unrolled.errors import InputError
from unrolled.strategies import CarriedState, ClipNorm, ScheduledSampling, TeacherForcing
from unrolled.tasks import DirectForecasting, Forecasting, LanguageModeling, SequenceRegression, SequenceTagging
from unrolled.tasks.evaluated import EvaluatedTask


@pytest.mark.parametrize("task", [SequenceRegression, SequenceTagging])
@pytest.mark.parametrize("strategy", [TeacherForcing, ScheduledSampling])
def test_a_strategy_for_another_task_is_refused_by_name(task, strategy):
    tasks = f"Forecasting or LanguageModeling or Translation, not for {task.__name__}"
    message = f"^{strategy.__name__} is a strategy for {tasks}. Remove it.$"
    for others in ([], [ClipNorm]):
        with pytest.raises(InputError, match=message):
            compose(task, *others, strategy, CarriedState)
    for fitting in (LanguageModeling, Forecasting):
        assert issubclass(compose(fitting, strategy), fitting)


def test_two_tasks_are_refused():
    with pytest.raises(InputError, match="^expected one task, got SequenceTagging and LanguageModeling. Keep one of"):
        type("Both", (SequenceTagging, LanguageModeling), {})


def test_a_task_of_a_task_is_none_of_another():
    class Mine(SequenceRegression):
        pass

    assert issubclass(compose(Mine, ClipNorm), EvaluatedTask)


@pytest.mark.parametrize(
    ("task", "sizes"),
    [
        (LanguageModeling, {"vocabulary_size", "level"}),
        (SequenceTagging, {"vocabulary_size", "classes"}),
        (SequenceRegression, {"input_size", "output_size"}),
        (Forecasting, {"horizon", "context", "channels"}),
        (DirectForecasting, {"horizon", "context", "channels"}),
    ],
)
def test_the_catalog_knows_what_a_task_must_be_told(task, sizes):
    assert catalog.sizes(task.__name__) == sizes
    assert not sizes & catalog.arguments("tasks", task.__name__).keys()
