"""Arguments that name a class, such as `architecture`: as a mapping for checkpoints, or as an instance with weights."""

import contextlib
import copy
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from torch import nn

from unrolled.architectures.base import Described
from unrolled.config import spec
from unrolled.errors import InputError

_INSTANCE: ContextVar[nn.Module | None] = ContextVar("architecture instance", default=None)


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
