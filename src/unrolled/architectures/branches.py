"""The branches of `MultiInput`: channel groups and cells from a recipe."""

from collections.abc import Mapping, Sequence
from typing import Any

from unrolled.architectures.recurrent import Recurrent
from unrolled.errors import InputError


def channel_groups(branches: Sequence[Mapping[str, Any]], channels: int) -> list[list[int]]:
    """Channel indices of each branch.

    Args:
        branches: each with `features`: a list of channel indices from 0, or a number n for the first n channels that no
            earlier branch reads.
        channels: number of input channels.

    Raises:
        InputError: a branch without channels, an index out of range, a channel in two branches or in none.
    """
    free, made = [*range(channels)], []
    for number, branch in enumerate(branches, 1):
        given = branch.get("features")
        chosen = given if isinstance(given, list) else free[: given if isinstance(given, int) and given > 0 else 0]
        if not chosen or (isinstance(given, int) and len(chosen) < given):
            expected = f"features: a list of channel indices, or a number from 1 to {len(free)} remaining channels"
            raise InputError(f"MultiInput: branch {number}: expected {expected}, got {given}")
        for place in chosen:
            if place not in range(channels):
                raise InputError(
                    f"MultiInput: branch {number}: expected channel indices from 0 to {channels - 1}, got {place}"
                )
            if place not in free:
                raise InputError(
                    f"MultiInput: branch {number}: expected each channel in one branch, got {place} a second time"
                )
            free.remove(place)
        made.append([*chosen])
    if free:
        unread = ", ".join(map(str, free))
        raise InputError(f"MultiInput: expected each of {channels} channels in a branch, got no branch with {unread}")
    return made


def exported_cells() -> dict[str, type[Recurrent]]:
    """The recurrent cells that `unrolled.architectures` exports, by name."""
    from unrolled import architectures  # not at the top: the package imports this module

    exported = {name: getattr(architectures, name) for name in architectures.__all__}
    return {name: cls for name, cls in exported.items() if issubclass(cls, Recurrent)}


def build_branch(number: int, given: Mapping[str, Any], channels: int) -> Recurrent:
    """The cell of branch `number`, given {features, cell, init_args} and its number of input channels.

    Raises:
        InputError: an unknown key or cell, or arguments that the cell does not accept.
    """
    if unknown := {*given} - {"features", "cell", "init_args"}:
        names = ", ".join(sorted(unknown))
        raise InputError(f"MultiInput: branch {number}: expected features, cell and init_args, got {names}")
    name, cells = str(given.get("cell")), exported_cells()
    if name not in cells:
        raise InputError(f"MultiInput: branch {number}: expected a cell of {', '.join(cells)}, got {name}")
    try:
        return cells[name](input_size=channels, **(given.get("init_args") or {}))
    except TypeError as error:  # wrong name or type: recipe validation does not check items of a list
        raise InputError(f"MultiInput: branch {number}: {name}: {error}") from None
