"""Validation of a recipe's names and required arguments, without torch; `runs.build` checks the types."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from unrolled.config import catalog
from unrolled.config.catalog import Argument
from unrolled.errors import InputError
from unrolled.suggestions import expected, quoted

SECTIONS = (
    "task",
    "architecture",
    "strategies",
    "optimizer",
    "lr_scheduler",
    "data",
    "trainer",
    "seed",
    "checkpoint_every",
)
# Sections in the form {class_path, init_args}, and the kind of class that they name.
CLASSES = MappingProxyType(
    {"architecture": "architectures", "optimizer": "optimizers", "lr_scheduler": "lr_schedulers", "data": "data"}
)
# Further keys of such a section.  frequency: in intervals; monitor: a metric, for ReduceLROnPlateau;
# warm_up: batches over which the learning rate rises to the scheduler's value.
SETTINGS = MappingProxyType({"lr_scheduler": {"interval": "epoch", "frequency": 1, "monitor": None, "warm_up": 0}})


def named_classes(recipe: Mapping[str, Any]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Every class named by a recipe: the key of its arguments, its kind, its name and the given arguments."""
    for name, given in recipe["task"].items():
        yield f"task.{name}", "tasks", name, given
    for section, kind in CLASSES.items():
        if recipe[section] is not None:
            name = catalog.short_name(kind, recipe[section]["class_path"])
            yield f"{section}.init_args", kind, name, recipe[section]["init_args"]
    for name, given in recipe["strategies"].items():
        yield f"strategies.{name}", "strategies", name, given
    yield "trainer", "trainer", "Trainer", recipe["trainer"]


def recipe_arguments(recipe: Mapping[str, Any]) -> dict[str, Argument]:
    """All arguments of the recipe's classes, by dotted path."""
    return {
        f"{key}.{option}": argument
        for key, kind, name, _ in named_classes(recipe)
        if name in catalog.names(kind)
        for option, argument in catalog.arguments(kind, name).items()
    }


def paths(recipe: Mapping[str, Any]) -> set[str]:
    """All dotted paths that `override` accepts for this recipe."""
    filled = {section for section in CLASSES if recipe[section] is not None}
    inside = {
        f"{section}.{part}" for section in filled for part in ("class_path", "init_args", *SETTINGS.get(section, ()))
    }
    named = {key for key, kind, _, _ in named_classes(recipe) if kind in ("tasks", "strategies")}
    return {*SECTIONS, *inside, *named, *recipe_arguments(recipe)}


def check_names(recipe: Mapping[str, Any], source: str) -> None:
    """Check that all classes and arguments exist and that no two strategies share a seam."""
    if len(recipe["task"]) != 1:
        raise InputError(
            f"{source}: task: expected one of {', '.join(catalog.names('tasks'))}, got {quoted(recipe['task'])}"
        )
    for key, kind, name, given in named_classes(recipe):
        section = key.split(".")[0]
        if name not in catalog.names(kind):
            raise InputError(f"{source}: {section}: {expected(name, catalog.names(kind))}")
        if not isinstance(given, Mapping):
            raise InputError(f"{source}: {key}: expected arguments by name, got {quoted(given)}")
        offered = catalog.arguments(kind, name)
        for argument, value in given.items():
            if argument in catalog.SUPPLIED.get(kind, ()):
                raise InputError(f"{source}: {key}.{argument}: set by the run itself. Remove it.")
            if argument not in offered:
                raise InputError(f"{source}: {key}: {expected(argument, offered)}")
            if _names_a_class(value):
                raise InputError(f"{source}: {key}.{argument}: expected a plain value, got a class: {value!r}")
    _check_seams(recipe, source)


def check(recipe: Mapping[str, Any], source: str) -> None:
    """Check a final recipe as far as possible without torch: `check_names`, required arguments, scheduler settings.

    Raises:
        InputError: the recipe is wrong; the message names the file, the key, what was expected and what was given.
    """
    check_names(recipe, source)
    for key, kind, name, given in named_classes(recipe):
        for argument, spec in catalog.arguments(kind, name).items():
            if spec.default is None and argument not in given:
                raise InputError(f"{source}: {key}.{argument}: expected {spec.type}, got none; {name} has no default")
    for key, low in [("seed", 0), ("checkpoint_every", 1)]:
        if type(recipe[key]) is not int or not low <= recipe[key] < 2**32:
            raise InputError(f"{source}: {key}: expected an integer of at least {low}, got {recipe[key]!r}")
    _check_scheduler(recipe["lr_scheduler"], source)


def _check_scheduler(scheduler: Mapping[str, Any] | None, source: str) -> None:
    if scheduler is None:
        return
    if (interval := scheduler["interval"]) not in ("step", "epoch"):
        raise InputError(f"{source}: lr_scheduler.interval: expected step (one batch) or epoch, got {interval!r}")
    if type(frequency := scheduler["frequency"]) is not int or frequency < 1:
        raise InputError(f"{source}: lr_scheduler.frequency: expected an integer of at least 1, got {frequency!r}")
    if type(batches := scheduler["warm_up"]) is not int or batches < 0:
        raise InputError(f"{source}: lr_scheduler.warm_up: expected a number of batches, 0 or more, got {batches!r}")
    if scheduler["class_path"].endswith("ReduceLROnPlateau") and not isinstance(scheduler["monitor"], str):
        raise InputError(f"{source}: lr_scheduler.monitor: expected a metric (val/loss), got {scheduler['monitor']!r}")


def _check_seams(recipe: Mapping[str, Any], source: str) -> None:
    owners: dict[str, str] = {}
    for name in recipe["strategies"]:
        seam = catalog.seam(name)
        if seam is None or seam in catalog.additive():
            continue
        if seam in owners:
            raise InputError(f"{source}: {owners[seam]} and {name} both own the seam '{seam}'. Keep one of them.")
        owners[seam] = name


def _names_a_class(value: Any) -> bool:
    """Whether a value has a `class_path`, which Lightning's parser would import; only sections may have one."""
    if isinstance(value, Mapping):
        return "class_path" in value or any(map(_names_a_class, value.values()))
    return isinstance(value, list) and any(map(_names_a_class, value))
