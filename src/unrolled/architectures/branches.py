"""One branch of a network with several inputs."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from unrolled.architectures.gru import GRU
from unrolled.architectures.gru_d import GRUD
from unrolled.architectures.lstm import LSTM
from unrolled.architectures.recurrent import Recurrent
from unrolled.architectures.recurrent_conv import RecurrentConv
from unrolled.architectures.rnn import RNN
from unrolled.errors import InputError

CELLS = MappingProxyType({cell.__name__: cell for cell in (RNN, LSTM, GRU, GRUD, RecurrentConv)})


def build(number: int, given: Mapping[str, Any], channels: int) -> Recurrent:
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
