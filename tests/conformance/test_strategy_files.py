"""The form of a strategy: arguments, errors, docstring, size, card."""

import inspect
from pathlib import Path

import pytest

from conformance.strategies import APART, CASES, each_file, each_strategy, strategy
from conformance.training import make
from unrolled import compose, strategies
from unrolled.errors import InputError
from unrolled.tasks import LanguageModeling
from unrolled.tasks.base import SequenceTask

CARDS = Path(__file__).parents[2] / "docs" / "strategies"
SEAMS = {
    "initialization", "truncation", "memory", "feedback", "penalty", "gradient", "clipping", "constraint", "averaging",
}  # fmt: skip


def own_arguments(name):
    init = vars(strategy(name)).get("__init__")
    parameters = list(inspect.signature(init).parameters.values())[1:] if init else []
    return [parameter for parameter in parameters if parameter.kind is not parameter.VAR_KEYWORD]


def test_every_exported_strategy_is_in_the_kit():
    assert set(strategies.__all__) == {*CASES, *APART}


@each_file
def test_it_is_a_mixin_that_owns_one_seam(name):
    cls = strategy(name)
    assert issubclass(cls, SequenceTask) and vars(cls)["seam"] in SEAMS


@each_strategy
def test_its_arguments_are_keywords_with_defaults(name):
    for parameter in own_arguments(name):
        assert parameter.kind is parameter.KEYWORD_ONLY and parameter.default is not parameter.empty, parameter
        assert parameter.annotation is not parameter.empty, parameter
    assert {parameter.name for parameter in own_arguments(name)} >= {*CASES[name].live, *CASES[name].identity}
    make(compose(LanguageModeling, strategy(name)), **CASES[name].given)  # the defaults alone will do


@each_file
def test_its_docstring_explains_each_argument_and_names_its_source(name):
    document = inspect.getdoc(strategy(name))
    assert "Source" in document
    arguments = own_arguments(name)
    assert ("Args:" in document) == bool(arguments)
    for parameter in arguments:
        assert f"\n    {parameter.name}: " in document, parameter.name


WRONG = [(name, wrong) for name, case in CASES.items() for wrong in case.wrong]


@pytest.mark.parametrize(("name", "wrong"), WRONG, ids=str)
def test_arguments_out_of_range_are_refused_in_one_line(name, wrong):
    with pytest.raises(InputError) as caught:
        make(compose(LanguageModeling, strategy(name)), **CASES[name].given, **wrong)
    message = str(caught.value)
    assert "\n" not in message and name in message
    assert any(str(value) in message for value in wrong.values())


@each_strategy
def test_every_range_is_tested(name):
    assert bool(own_arguments(name)) == bool(CASES[name].wrong)


@each_file
def test_its_file_is_short_and_has_a_card(name):
    file = Path(inspect.getfile(strategy(name)))
    assert len(file.read_text(encoding="utf-8").splitlines()) < 80
    assert (CARDS / f"{file.stem}.md").is_file(), f"docs/strategies/{file.stem}.md is missing"
