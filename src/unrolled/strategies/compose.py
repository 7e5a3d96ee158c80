"""Compose a task and its strategies into one class."""

import copyreg
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from torch import nn

from unrolled.errors import InputError
from unrolled.tasks.argument_help import described
from unrolled.tasks.arguments import TaskType, WithArguments, clashes
from unrolled.tasks.base import SequenceTask

if TYPE_CHECKING:

    class Composed(SequenceTask):
        """For type checkers: takes the arguments of all its parts."""

        def __init__(self, **arguments: Any) -> None: ...


Part = type[SequenceTask] | WithArguments
_PARTS: dict[TaskType, tuple[Part, ...]] = {}  # what each composed class was made from, for pickle
_BOUND: dict[tuple[type, str], "type[Composed]"] = {}  # classes with other defaults, by those


def compose(task: Part, *strategies: Part) -> "type[Composed]":
    """`compose(Task, A, B)` is `class ABTask(A, B, Task): ...`; the order of A and B changes no number.

    A part may bring arguments: `compose(LanguageModeling, TruncatedBPTT.with_(k1=64), ClipNorm.with_(max_norm=1.0))`.
    They become defaults of the class.  Other arguments are given when the class is called, flat, `Task(k1=64)`, or by
    owner, `Task(TruncatedBPTT={"k1": 64})`, which keeps arguments of the same name apart.

    Equal parts give the same class.  It can be pickled, also to another process.

    Raises:
        InputError: the first part is not a task, a later one is not a strategy, two strategies own one exclusive seam,
            or a strategy is given twice.
    """
    parts = (task, *strategies)
    _check_parts(parts)
    made = _composed(*(part.owner if isinstance(part, WithArguments) else part for part in parts))
    given = {part.owner.__name__: part.arguments for part in parts if isinstance(part, WithArguments)}
    return _with_defaults(made, given, parts) if any(given.values()) else made


def _check_parts(parts: tuple[Any, ...]) -> None:
    """Raise an InputError unless the first part is a task and all others are strategies."""
    for place, part in enumerate(parts):
        owner = part.owner if isinstance(part, WithArguments) else part
        wanted = "a strategy after the task" if place else "a task first"
        if not isinstance(owner, type):
            given = repr(owner) if isinstance(owner, str) else f"an instance of {type(owner).__name__}"
            raise InputError(f"compose: expected {wanted}, got {given}. Pass a class, as in unrolled.ClipNorm.")
        if not issubclass(owner, SequenceTask):
            hint = " Pass an architecture to the task: architecture=..." if issubclass(owner, nn.Module) else ""
            raise InputError(f"compose: expected {wanted}, got {owner.__name__}.{hint}")
        losses = ("criterion", "measure")  # a task, or a class composed with one, defines one of them
        has_loss = any(getattr(owner, name) is not getattr(SequenceTask, name) for name in losses)
        if place == 0 and owner.seam and not has_loss:
            raise InputError(f"compose: expected {wanted}, got the strategy {owner.__name__}.")
        if place > 0 and has_loss and not owner.seam:
            raise InputError(f"compose: expected {wanted}, got the task {owner.__name__}.")


@cache
def _composed(task: type[SequenceTask], *strategies: type[SequenceTask]) -> "type[Composed]":
    if twice := [strategy.__name__ for strategy in strategies if strategies.count(strategy) > 1]:
        raise InputError(f"{twice[0]} is given twice. Keep one of them.")
    bases = (*strategies, task)
    name = "".join(base.__name__ for base in bases)
    made: Any = TaskType(name, bases, {"__module__": __name__, "__doc__": None})
    if shared := clashes(made):
        routed = tuple(_routed(base) for base in bases)
        made = TaskType(name, routed, {"__module__": __name__, "shared_arguments": shared})
    return _register(made, (task, *strategies))


def _with_defaults(
    made: "type[Composed]", given: Mapping[str, Mapping[str, Any]], parts: tuple[Part, ...]
) -> "type[Composed]":
    """A subclass with other defaults, the same one for the same values."""
    inherited = made.given_arguments  # of a part that was itself composed with arguments
    owners = sorted({*inherited, *given})
    given = {owner: {**inherited.get(owner, {}), **given.get(owner, {})} for owner in owners}
    key = (
        made,
        repr([(owner, name, _identity(value)) for owner in owners for name, value in sorted(given[owner].items())]),
    )
    if key not in _BOUND:
        name = f"{made.__name__}_{sha256(key[1].encode()).hexdigest()[:8]}"
        bound: Any = TaskType(name, (made,), {"__module__": __name__, "given_arguments": given})
        _BOUND[key] = _register(bound, parts)
    return _BOUND[key]


def _identity(value: Any) -> Any:
    """A plain value; of any other object its number, since two of them may have one repr (`_BOUND` keeps it alive)."""
    match value:
        case list() | tuple():
            return [_identity(item) for item in value]
        case Mapping():
            return [(key, _identity(item)) for key, item in value.items()]
        case str() | int() | float() | None:
            return value
    return type(value).__name__, id(value)


def _routed(owner: Any) -> type[SequenceTask]:
    """`owner`, which takes its arguments from the mapping of its name and leaves all others to the next class."""

    class Routed(owner):
        def __init__(self, **kwargs: Any) -> None:
            others = {name: value for name, value in kwargs.items() if name != owner.__name__}
            super().__init__(**kwargs.get(owner.__name__, {}), **others)

    Routed.__name__ = Routed.__qualname__ = owner.__name__
    return Routed


def _register(made: "type[Composed]", parts: tuple[Part, ...]) -> "type[Composed]":
    made.__doc__ = described(made, parts[0])
    globals()[made.__name__] = made  # jsonargparse looks a class up by its module
    _PARTS[made] = parts
    return made


def _reduce(made: TaskType) -> str | tuple[Any, ...]:
    """How pickle stores a task class: a composed one by its parts, any other by name."""
    return (compose, _PARTS[made]) if made in _PARTS else made.__qualname__


copyreg.pickle(TaskType, _reduce)
