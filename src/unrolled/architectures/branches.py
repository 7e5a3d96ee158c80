"""One branch of a network with several inputs."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from unrolled.architectures.gru import GRU
from unrolled.architectures.gru_d import GRUD
from unrolled.architectures.lstm import LSTM
from unrolled.architectures.recurrent import Recurrent
from unrolled.architectures.recurrent_conv import RecurrentConv
from unrolled.architectures.rnn import RNN
from unrolled.errors import InputError


def channel_groups(branches: Sequence[Mapping[str, Any]], channels: int) -> list[list[int]]:
    """The places of the channels that each branch reads.

    Args:
        branches: their `features`: the places themselves, from 0, or how many of the first that no branch before reads.
        channels: how many there are.

    Raises:
        InputError: a branch without channels, a place that is not there, a channel of two branches, or one of none.
    """
    free, made = [*range(channels)], []
    for number, branch in enumerate(branches, 1):
        own = branch.get("features")
        chosen = own if isinstance(own, list) else free[: own if isinstance(own, int) and own > 0 else 0]
        if not chosen or (isinstance(own, int) and len(chosen) < own):
            told = f"features: a list of places, or a number from 1 to the {len(free)} channels that are left"
            raise InputError(f"MultiInput: branch {number}: expected {told}, got {own}")
        for place in chosen:
            if place not in range(channels):
                raise InputError(f"MultiInput: branch {number}: expected places from 0 to {channels - 1}, got {place}")
            if place not in free:
                told = f"expected each channel in one branch, got {place} a second time"
                raise InputError(f"MultiInput: branch {number}: {told}")
            free.remove(place)
        made.append([*chosen])
    if free:
        told = f"expected each of {channels} channels in a branch, got none that reads {', '.join(map(str, free))}"
        raise InputError(f"MultiInput: {told}")
    return made


CELLS = MappingProxyType({cell.__name__: cell for cell in (RNN, LSTM, GRU, GRUD, RecurrentConv)})


def build_branch(number: int, given: Mapping[str, Any], channels: int) -> Recurrent:
    """Branch `number`, as {features, cell, init_args} says, of so many channels.

    Raises:
        InputError: another key, an unknown cell, or arguments that the cell does not take.
    """
    if unknown := {*given} - {"features", "cell", "init_args"}:
        told = "expected features, cell and init_args"
        raise InputError(f"MultiInput: branch {number}: {told}, got {', '.join(sorted(unknown))}")
    name = str(given.get("cell"))
    if name not in CELLS:
        raise InputError(f"MultiInput: branch {number}: expected a cell of {', '.join(CELLS)}, got {name}")
    try:
        return CELLS[name](input_size=channels, **(given.get("init_args") or {}))
    except TypeError as error:  # an argument's name or type: what checks a recipe does not look into a list
        raise InputError(f"MultiInput: branch {number}: {name}: {error}") from None
