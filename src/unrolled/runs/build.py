"""Build a recipe's objects; jsonargparse checks every value against the signatures of the recipe's classes."""

import inspect
import re
from argparse import ArgumentError
from collections.abc import Mapping, Sequence
from typing import Any

from jsonargparse import set_parsing_settings
from pytorch_lightning.accelerators import AcceleratorRegistry
from pytorch_lightning.cli import LightningArgumentParser
from pytorch_lightning.strategies import StrategyRegistry

from unrolled.config import catalog
from unrolled.config.catalog import Argument
from unrolled.config.recipe import Recipe, changes, check, override
from unrolled.config.validation import named_classes, recipe_arguments
from unrolled.errors import InputError
from unrolled.runs.compatibility import require_compatible
from unrolled.strategies.compose import compose
from unrolled.suggestions import expected
from unrolled.tasks.base import SequenceTask

# A second line of defence after the catalog: no value of a recipe may import a class.
set_parsing_settings(import_path_denylist=["*"], import_path_allowlist=[])


def make_parser(recipe: Recipe) -> LightningArgumentParser:
    """A parser with the typed arguments of the recipe's classes, each under its path in the recipe."""
    parser = LightningArgumentParser(exit_on_error=False)
    for key, kind, name, _ in named_classes(recipe):
        if offered := catalog.arguments(kind, name):
            found = catalog.find(kind, name)
            parser.add_class_arguments(
                found, key, skip=_parameters(found) - offered.keys(), instantiate=False, fail_untyped=False
            )
    parser.add_argument("--seed", type=int)
    parser.add_argument("--checkpoint_every", type=int)
    return parser


def parse(recipe: Recipe, argv: Sequence[str] = (), source: str = "recipe") -> Recipe:
    """The effective recipe: overridden by dotted arguments, with all types checked and all defaults filled in.

    It contains plain builtins only, so that YAML and checkpoints can store it.  Parsing it again changes nothing.

    Raises:
        InputError: a wrong value; the message names the key, the expected type and the value.
    """
    recipe = override(recipe, changes(argv)) if argv else recipe
    check(recipe, source)
    given = {key: values for key, kind, name, values in named_classes(recipe) if catalog.arguments(kind, name)}
    for path, argument in recipe_arguments(recipe).items():
        key, _, last = path.rpartition(".")
        if given[key].get(last, ...) is None and not _takes_null(argument):
            raise InputError(f"{source}: {path}: expected {argument.type}, got null")
    tree: dict[str, Any] = {"seed": recipe["seed"], "checkpoint_every": recipe["checkpoint_every"]}
    for key, values in given.items():
        _at(tree, key).update(values)
    try:
        typed = make_parser(recipe).parse_object(tree).as_dict()
    except ArgumentError as error:
        raise InputError(f"{source}: {_type_error(str(error), recipe, tree)}") from None
    effective = {section: _plain(value) for section, value in recipe.items()}
    for key in given:
        _at(effective, key).update(_plain(_at(typed, key)))
    _check_registered("strategy", effective, StrategyRegistry.available_strategies(), source)
    _check_registered("accelerator", effective, ["gpu", *AcceleratorRegistry.available_accelerators()], source)
    return effective


def build(recipe: Recipe) -> tuple[SequenceTask, Any]:
    """The task, sized for the data, and the prepared data.

    Weights are initialised here, so seed before the call.

    Raises:
        InputError: unusable data or conflicting arguments.
    """
    data = build_data(recipe)
    return build_task(recipe, data.sizes()), data


def build_data(recipe: Recipe) -> Any:
    """The data, prepared and split.

    Raises:
        InputError: unusable data.
    """
    data: Any = catalog.find("data", recipe["data"]["class_path"])(**recipe["data"]["init_args"])
    data.prepare_data()
    data.setup("fit")
    return data


def build_task(recipe: Recipe, sizes: Mapping[str, Any]) -> SequenceTask:
    """The task composed with its strategies, for data of the given sizes.

    Raises:
        InputError: data that does not fit the task, or conflicting arguments.
    """
    ((name, arguments),) = recipe["task"].items()
    require_compatible(name, recipe["data"]["class_path"], sizes.keys())
    composed: Any = compose(
        catalog.find("tasks", name), *(catalog.find("strategies", strategy) for strategy in recipe["strategies"])
    )
    owners = [(name, arguments), *recipe["strategies"].items()]  # arguments of one name are kept apart
    task: SequenceTask = composed(
        **sizes,
        architecture=recipe["architecture"],
        optimizer=recipe["optimizer"],
        lr_scheduler=recipe["lr_scheduler"],
        **{owner: given for owner, given in owners if given},
    )
    return task


def _parameters(found: type) -> set[str]:
    """Names of all arguments of a class and its base classes."""
    return {name for base in found.__mro__ for name in inspect.signature(base.__init__).parameters}  # type: ignore[misc]


def _takes_null(argument: Argument) -> bool:
    return argument.default == "None" or argument.type == "any value" or "null" in argument.type.split(" or ")


def _at(tree: dict[str, Any], key: str) -> dict[str, Any]:
    """The mapping at a dotted key; missing ones are created."""
    for part in key.split("."):
        tree = tree.setdefault(part, {})
    return tree


def _plain(value: Any) -> Any:
    """The value with tuples as lists, so that it survives a YAML round trip."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _type_error(message: str, recipe: Recipe, tree: dict[str, Any]) -> str:
    """Jsonargparse's message as one line: the key, the expected type and the value."""
    named = re.search(r'key "([^"]+)"', message)
    argument = recipe_arguments(recipe).get(named[1]) if named else None
    if named is None or argument is None:
        return " ".join(message.split())
    key, _, last = named[1].rpartition(".")
    return f"{named[1]}: expected {argument.type}, got {_at(tree, key)[last]!r}"


def _check_registered(argument: str, recipe: Recipe, registered: Sequence[str], source: str) -> None:
    value = recipe["trainer"][argument]
    if value not in ["auto", *registered]:
        raise InputError(f"{source}: trainer.{argument}: {expected(value, ['auto', *registered])}")
