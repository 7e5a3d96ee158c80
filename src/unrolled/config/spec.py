"""Specs: `{class_path, init_args}` mappings from names, classes and `functools.partial`.  Never imports torch.

A recipe section and a constructor argument such as `architecture` hold the same mapping, so what a YAML file writes
as a name, Python code may give as a name, a class or a partial.
"""

import functools
from collections.abc import Mapping
from typing import Any

from unrolled.config import catalog
from unrolled.config.validation import CLASSES, SETTINGS
from unrolled.errors import InputError
from unrolled.suggestions import expected

Spec = dict[str, Any]


def spec(name: str | type, **arguments: Any) -> Spec:
    """The mapping that recipes, tasks and checkpoints hold for a class: `spec("LSTM", hidden_size=64)`.

    For a learning-rate scheduler, `interval`, `frequency`, `monitor` and `warm_up` are settings next to `init_args`.

    Args:
        name: an architecture, optimizer, scheduler or data set, by name or as the class.
        **arguments: arguments of that class.

    Raises:
        InputError: the class or one of its arguments does not exist.
    """
    short = name if isinstance(name, str) else name.__name__
    offered = {named: section for section, kind in CLASSES.items() for named in catalog.names(kind)}
    for section, kind in CLASSES.items():
        if catalog.short_name(kind, short) in catalog.names(kind):
            return build(section, name, arguments)
    raise InputError(f"spec: {expected(short, offered)}")


def plain(section: str, value: Any) -> Any:
    """The mapping that `value` means in a recipe section; a mapping without a class object is returned unchanged.

    Args:
        section: architecture, optimizer, lr_scheduler or data.
        value: None, a name, a class, a `functools.partial` of a class, or a mapping, whose class_path may be a class.

    Raises:
        InputError: another value, a class that a recipe cannot name, or an argument that the class does not take.
    """
    match value:
        case str() | type():
            return build(section, value, {})
        case functools.partial(func=type() as found, args=(), keywords=arguments):
            return build(section, found, arguments)
        case {"class_path": type() as found}:
            return {**value, "class_path": _name(section, found)}
        case None | Mapping():
            return value
    name = type(value).__name__
    raise InputError(f"{section}: expected a name, a class or unrolled.spec({name!r}, ...), got an instance of {name}")


def build(section: str, name: str | type, arguments: Mapping[str, Any]) -> Spec:
    """The mapping for a class of `section`, its arguments checked by name.

    Raises:
        InputError: the class is not in the catalogue, it does not take one of the arguments, or one is missing.
    """
    kind, settings = CLASSES[section], SETTINGS.get(section, {})
    path = _name(section, name)
    short = catalog.short_name(kind, path)
    offered = catalog.arguments(kind, short)
    for argument in arguments:
        if argument not in {*offered, *settings}:
            raise InputError(f"{section}: {short}: {expected(argument, [*offered, *settings])}")
    for argument, wanted in offered.items():
        if wanted.default is None and argument not in arguments:
            advice = f"give it with unrolled.spec({short!r}, {argument}=...)"
            raise InputError(f"{section}: {short}: {argument}: expected {wanted.type}, got none; {advice}")
    init_args = {key: value for key, value in arguments.items() if key not in settings}
    return {"class_path": path, "init_args": init_args} | {key: arguments.get(key, settings[key]) for key in settings}


def _name(section: str, found: Any) -> str:
    """The name by which a recipe finds a class.

    Raises:
        InputError: it is not in the catalogue, or only of the same name as a class there.
    """
    kind = CLASSES[section]
    short = catalog.short_name(kind, found) if isinstance(found, str) else found.__name__
    if short not in catalog.names(kind):
        raise InputError(f"{section}: {expected(short, catalog.names(kind))}")
    if not isinstance(found, str) and catalog.find(kind, short) is not found:
        home = catalog.PACKAGES[kind]
        raise InputError(f"{section}: expected {home}.{short}, got {found.__module__}.{short}. Export it in {home}.")
    return catalog.long_name(kind, short)
