"""Task classes: the owner of each seam and of each constructor argument, and the arguments that name a class."""

import contextlib
import copy
import inspect
from collections.abc import Container, Iterator, Mapping, Sequence
from contextvars import ContextVar
from functools import cache
from typing import Any, NamedTuple

from torch import nn

from unrolled.architectures.base import Described
from unrolled.config import catalog, spec
from unrolled.errors import InputError, UnknownArgument
from unrolled.suggestions import nearest

SECTIONS = ("architecture", "optimizer", "lr_scheduler")  # arguments that name a class
_INSTANCE: ContextVar[nn.Module | None] = ContextVar("architecture instance", default=None)


class Owned(NamedTuple):
    """One keyword argument and the class that a user gives it to."""

    owner: str  # the task or the strategy
    declared_by: type  # that class, or the base class that declares the argument
    parameter: inspect.Parameter


class WithArguments(NamedTuple):
    """A task or strategy with arguments, for `compose`: `ClipNorm.with_(max_norm=1.0)`."""

    owner: type
    arguments: dict[str, Any]


class TaskType(type):
    """The class of tasks: checks the keywords of a call before anything is built.

    `Task(k1=64)` and `Task(TruncatedBPTT={"k1": 64})` are equivalent; an argument name that two of
    the classes share needs the second form.
    """

    given_arguments: Mapping[str, Mapping[str, Any]] = {}  # by owner, from `with_`
    shared_arguments: tuple[str, ...] = ()  # names of arguments with two owners

    @property
    def __signature__(cls) -> inspect.Signature:
        """Every keyword argument, those without a default first; for a strategy, those of its `__init__` only."""
        if vars(cls).get("seam"):
            signature = inspect.signature(cls.__init__)  # type: ignore[misc]
            return signature.replace(parameters=[*signature.parameters.values()][1:])
        shared = [one for one in owned(cls) if one.parameter.name in cls.shared_arguments]
        parameters = [_default(one, cls.given_arguments) for one in owned(cls) if one not in shared]
        parameters += [
            inspect.Parameter(owner, inspect.Parameter.KEYWORD_ONLY, default={}, annotation=dict)
            for owner in dict.fromkeys(one.owner for one in shared)
        ]
        return inspect.Signature(sorted(parameters, key=lambda one: (one.kind, one.default is not one.empty)))

    def with_(cls, **arguments: Any) -> WithArguments:
        """This task or strategy with arguments, for `compose`: `ClipNorm.with_(max_norm=1.0)`.

        Raises:
            UnknownArgument: the class does not take one of them.
        """
        for name in arguments:
            require(cls, name)
        return WithArguments(cls, arguments)

    def __call__(cls, *args: Any, **given: Any) -> Any:
        arguments = resolve(cls, given)
        instance = arguments.get("architecture")
        arguments |= {name: plain(name, arguments[name]) for name in SECTIONS if name in arguments}
        with building(instance if isinstance(instance, nn.Module) else None):
            return type.__call__(cls, *args, **arguments)


def seam_owner(cls: type, seam: str) -> type | None:
    """The first base of `cls` that owns `seam`."""
    return next((base for owned, base in _seams(cls) if owned == seam), None)


def refuse_two_owners(cls: type, shared: Container[str]) -> None:
    """Raise an InputError where two bases own one seam that is not among the `shared` ones."""
    for seam, base in _seams(cls):
        first = seam_owner(cls, seam)
        if first and first is not base and seam not in shared:
            raise InputError(f"{first.__name__} and {base.__name__} both own the seam '{seam}'. Keep one of them.")


@cache
def owned(cls: TaskType) -> tuple[Owned, ...]:
    """Every keyword argument of a task class with its owner, strategies in the order of composition, the task last."""
    last = max(place for place, base in enumerate(cls.__mro__) if isinstance(base, TaskType))
    lineage = cls.__mro__[: last + 1]  # includes plain mixins, excludes Lightning's classes
    classes = [base for base in lineage if isinstance(base, TaskType)]
    strategies = [base for base in classes if vars(base).get("seam")]
    tasks = [base for base in classes if base not in strategies and not _in_strategy(base, strategies)]
    tasks = [base for base in tasks if not _composed(base)]  # the task, its base classes, mixins without a seam
    ends = (base for place, base in enumerate(tasks) if all(issubclass(base, later) for later in tasks[place:]))
    task = next(ends, lineage[-1])
    found: dict[tuple[str, str], Owned] = {}
    for base in lineage:
        if "__init__" not in vars(base):
            continue
        parameters = [*inspect.signature(vars(base)["__init__"]).parameters.values()][1:]
        for parameter in parameters:
            if parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                owner = _owner(base, task, lineage)
                found.setdefault((owner, parameter.name), Owned(owner, base, parameter))
        if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
            break  # base classes get only what this `__init__` passes on
    return tuple(found.values())


def clashes(cls: TaskType) -> tuple[str, ...]:
    """Names of arguments that have more than one owner."""
    names = [one.parameter.name for one in owned(cls)]
    return tuple(sorted({name for name in names if names.count(name) > 1}))


def resolve(cls: TaskType, given: Mapping[str, Any]) -> dict[str, Any]:
    """The keywords for `__init__`: flat, except arguments with two owners, which stay in a mapping by owner.

    Raises:
        UnknownArgument: no class takes a keyword; names the nearest one and its owner.
        InputError: a keyword has two owners, or is given twice.
    """
    table = owned(cls)
    owners = {one.owner for one in table}
    by_owner = {name: dict(value) for name, value in given.items() if name in owners and isinstance(value, Mapping)}
    flat = {name: value for name, value in given.items() if name not in by_owner}
    for name in flat:
        require(cls, name)
        if name in cls.shared_arguments:
            both = [one.owner for one in table if one.parameter.name == name]
            raise InputError(
                f"{name} is an argument of {' and '.join(both)}. Give it to one: {both[0]}={{{name!r}: ...}}"
            )
    for owner, arguments in by_owner.items():
        for name in arguments:
            require(cls, name, owner)
            if name in flat:
                raise InputError(f"{name} is given twice, once for {owner}. Remove one.")
    nested: dict[str, dict[str, Any]] = {}
    for owner, mapping in [*cls.given_arguments.items(), *by_owner.items()]:
        for name, value in mapping.items():
            if name in cls.shared_arguments:
                nested.setdefault(owner, {})[name] = value
            elif name not in given:
                flat[name] = value
    return flat | nested


def require(cls: TaskType, name: str, owner: str | None = None) -> None:
    """Refuse an argument that a task class, or its part `owner`, does not take.

    Raises:
        UnknownArgument: names the nearest argument and its owner, or the strategies that take the argument.
    """
    owners = {one.parameter.name: one.owner for one in owned(cls) if owner in (None, one.owner)}
    if name not in owners:
        raise UnknownArgument(f"{owner or cls.__name__} has no argument {name!r}. {_owner_hint(name, owners)}")


def _owner_hint(name: str, owners: Mapping[str, str]) -> str:
    """The classes that take `name`, or else the nearest argument, of `owners` or of a strategy of the catalogue."""
    elsewhere: dict[str, list[str]] = {}
    for strategy, arguments in catalog.classes("strategies").items():
        for argument in arguments.keys() - owners.keys():
            elsewhere.setdefault(argument, []).append(strategy)
    near = nearest(name, [*owners, *elsewhere])
    if name in elsewhere:
        return f"It is an argument of {', '.join(elsewhere[name])}: add one with compose."
    if near in elsewhere:
        return f"Did you mean {near} ({', '.join(elsewhere[near])})? Add one with compose."
    return f"Did you mean {near} ({owners[near]})?" if near else "Pass the class to help() to list its arguments."


def plain(section: str, value: Any) -> Any:
    """The spec of a name, class, partial or instance."""
    if isinstance(value, Described) and value.arguments:
        return spec.build(section, type(value), {k: v for k, v in value.arguments.items() if k != "input_size"})
    return spec.plain(section, value)


@contextlib.contextmanager
def building(instance: nn.Module | None) -> Iterator[None]:
    """Within it, `instance_of` copies `instance`."""
    token = _INSTANCE.set(instance)
    try:
        yield
    finally:
        _INSTANCE.reset(token)


def instance_of(input_size: int) -> nn.Module | None:
    """A copy of the architecture that was given as an instance, with its weights; None where a spec was given.

    Raises:
        InputError: it reads another number of features than `input_size`.
    """
    built = copy.deepcopy(_INSTANCE.get())
    if built is not None and built.input_size != input_size:
        raise InputError(f"architecture: expected an instance of input_size {input_size}, got {built.input_size}")
    return built


def _default(one: Owned, bound: Mapping[str, Mapping[str, Any]]) -> inspect.Parameter:
    """The parameter, with the value that `with_` gave it as its default."""
    name = one.parameter.name
    return one.parameter.replace(
        kind=inspect.Parameter.KEYWORD_ONLY, default=bound.get(one.owner, {}).get(name, one.parameter.default)
    )


def _owner(base: type, task: type, lineage: Sequence[type]) -> str:
    """The public class of `base`: the task for its base classes, the strategy for its private base classes."""
    if issubclass(task, base):
        return task.__name__
    if issubclass(base, task):
        return base.__name__
    return next(one.__name__ for one in lineage if issubclass(one, base) and not issubclass(one, task))


def _in_strategy(base: type, strategies: Sequence[type]) -> bool:
    return any(issubclass(strategy, base) for strategy in strategies)


def _composed(base: type) -> bool:
    return "__init__" not in vars(base) and (len(base.__bases__) > 1 or "given_arguments" in vars(base))


def _seams(cls: type) -> list[tuple[str, type]]:
    return [(seam, base) for base in cls.__mro__ if (seam := vars(base).get("seam"))]
