"""From a recipe to objects: every value's type is checked by jsonargparse against the classes that the recipe names."""

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
from unrolled.config.validation import arguments, groups
from unrolled.errors import InputError
from unrolled.runs.compatibility import require_kind
from unrolled.strategies.compose import compose
from unrolled.suggestions import expected
from unrolled.tasks.base import SequenceTask

# A second wall: the catalog refuses other classes first, and no value of a recipe may import one.
set_parsing_settings(import_path_denylist=["*"], import_path_allowlist=[])


def make_parser(recipe: Recipe) -> LightningArgumentParser:
    """Typed arguments of exactly the classes that a recipe names, each under the path that it has in the recipe."""
    parser = LightningArgumentParser(exit_on_error=False)
    for key, kind, name, _ in groups(recipe):
        if offered := catalog.arguments(kind, name):
            found = catalog.find(kind, name)
            parser.add_class_arguments(
                found, key, skip=_parameters(found) - offered.keys(), instantiate=False, fail_untyped=False
            )
    parser.add_argument("--seed", type=int)
    parser.add_argument("--checkpoint_every", type=int)
    return parser


def parse(recipe: Recipe, argv: Sequence[str] = (), source: str = "recipe") -> Recipe:
    """The recipe as it will run: changed by dotted arguments, every type checked, every default filled in.

    Plain builtins, so that YAML and checkpoints carry it; parsing it again changes nothing.

    Raises:
        InputError: names the key, what was expected and what came.
    """
    recipe = override(recipe, changes(argv)) if argv else recipe
    check(recipe, source)
    given = {key: values for key, kind, name, values in groups(recipe) if catalog.arguments(kind, name)}
    for path, told in arguments(recipe).items():
        key, _, last = path.rpartition(".")
        if given[key].get(last, ...) is None and not _takes_null(told):
            raise InputError(f"{source}: {path}: expected {told.type}, got null")
    tree: dict[str, Any] = {"seed": recipe["seed"], "checkpoint_every": recipe["checkpoint_every"]}
    for key, values in given.items():
        _at(tree, key).update(values)
    try:
        typed = make_parser(recipe).parse_object(tree).as_dict()
    except ArgumentError as error:
        raise InputError(f"{source}: {_told(str(error), recipe, tree)}") from None
    effective = {section: _plain(value) for section, value in recipe.items()}
    for key in given:
        _at(effective, key).update(_plain(_at(typed, key)))
    _check_registered("strategy", effective, StrategyRegistry.available_strategies(), source)
    _check_registered("accelerator", effective, ["gpu", *AcceleratorRegistry.available_accelerators()], source)
    return effective


def build(recipe: Recipe) -> tuple[SequenceTask, Any]:
    """The task, sized for the data, and the data, ready for training.

    Weights are drawn here: seed first.

    Raises:
        InputError: data that cannot be trained on, or arguments that exclude each other.
    """
    data = build_data(recipe)
    return build_task(recipe, data.sizes()), data


def build_data(recipe: Recipe) -> Any:
    """The data, read and split.

    Raises:
        InputError: data that cannot be trained on.
    """
    data: Any = catalog.find("data", recipe["data"]["class_path"])(**recipe["data"]["init_args"])
    data.prepare_data()
    data.setup("fit")
    return data


def build_task(recipe: Recipe, sizes: Mapping[str, Any]) -> SequenceTask:
    """The task with its strategies, of the sizes that the data says.

    Raises:
        InputError: data of another kind than the task's, or arguments that exclude each other.
    """
    ((name, arguments),) = recipe["task"].items()
    require_kind(name, recipe["data"]["class_path"], sizes.keys())
    arguments = dict(arguments)
    for strategy, own in recipe["strategies"].items():
        if shared := arguments.keys() & own.keys():
            raise InputError(f"strategies.{strategy}: expected {min(shared)} once, but an earlier class takes it too.")
        arguments |= own
    composed: Any = compose(
        catalog.find("tasks", name), *(catalog.find("strategies", strategy) for strategy in recipe["strategies"])
    )
    task: SequenceTask = composed(
        **sizes,
        architecture=recipe["architecture"],
        optimizer=recipe["optimizer"],
        lr_scheduler=recipe["lr_scheduler"],
        **arguments,
    )
    return task


def _parameters(found: type) -> set[str]:
    """Every argument that a class or one of its base classes names."""
    return {name for base in found.__mro__ for name in inspect.signature(base.__init__).parameters}  # type: ignore[misc]


def _takes_null(told: Argument) -> bool:
    return told.default == "None" or told.type == "any value" or "null" in told.type.split(" or ")


def _at(tree: dict[str, Any], key: str) -> dict[str, Any]:
    """The mapping at a dotted key, made where it is missing."""
    for part in key.split("."):
        tree = tree.setdefault(part, {})
    return tree


def _plain(value: Any) -> Any:
    """Lists for tuples, so that YAML gives back what was written."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _told(message: str, recipe: Recipe, tree: dict[str, Any]) -> str:
    """Jsonargparse's message as one line: the key, what was expected, what came."""
    named = re.search(r'key "([^"]+)"', message)
    told = arguments(recipe).get(named[1]) if named else None
    if named is None or told is None:
        return " ".join(message.split())
    key, _, last = named[1].rpartition(".")
    return f"{named[1]}: expected {told.type}, got {_at(tree, key)[last]!r}"


def _check_registered(argument: str, recipe: Recipe, registered: Sequence[str], source: str) -> None:
    value = recipe["trainer"][argument]
    if value not in ["auto", *registered]:
        raise InputError(f"{source}: trainer.{argument}: {expected(value, ['auto', *registered])}")
