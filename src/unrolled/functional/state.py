"""A recurrent state is a tuple of tensors whose first dimension is the batch."""

import torch
from torch import Tensor

from unrolled.errors import InputError

State = tuple[Tensor, ...]


def detach(state: State) -> State:
    """The same numbers; the gradient stops here."""
    return tuple(part.detach() for part in state)


def restart(state: State, fresh: Tensor, initial: State) -> State:
    """`initial` in the rows where `fresh` (B,) is True, `state` in the others."""
    return tuple(
        torch.where(fresh.view(-1, *[1] * (part.dim() - 1)), begin, part)
        for part, begin in zip(state, initial, strict=True)
    )


def carry(state: State, initial: State) -> State:
    """`state` for a batch of as many rows as `initial`: rows too many are dropped, rows too few start anew.

    Raises:
        InputError: the two are of different shapes beyond that.
    """
    given, wanted = ([tuple(part.shape[1:]) for part in parts] for parts in (state, initial))
    if state and given != wanted:
        raise InputError(
            f"expected a carried state of {wanted} in each row, got {given}: a resumed run needs the same strategies"
        )
    if not state or len(state[0]) == len(initial[0]):
        return state or initial
    return tuple(torch.cat([p[: len(begin)], begin[len(p) :]]) for p, begin in zip(state, initial, strict=True))
