"""Operations on a recurrent state: a tuple of tensors with the batch as first dimension."""

import torch
from torch import Tensor

from unrolled.errors import InputError

State = tuple[Tensor, ...]


def detach(state: State) -> State:
    """The state without its graph."""
    return tuple(part.detach() for part in state)


def restart(state: State, resets: Tensor, initial: State) -> State:
    """`initial` for the sequences where `resets` (B,) is True, `state` for the others."""
    return tuple(
        torch.where(resets.view(-1, *[1] * (part.dim() - 1)), begin, part)
        for part, begin in zip(state, initial, strict=True)
    )


def carry(state: State, initial: State) -> State:
    """`state` for the batch size of `initial`: surplus sequences are dropped, missing ones start from `initial`.

    Raises:
        InputError: the shapes differ in another dimension than the batch.
    """
    given, expected = ([tuple(part.shape[1:]) for part in parts] for parts in (state, initial))
    if state and given != expected:
        raise InputError(
            f"expected a carried state of {expected} in each row, got {given}: a resumed run needs the same strategies"
        )
    if not state or len(state[0]) == len(initial[0]):
        return state or initial
    return tuple(torch.cat([p[: len(begin)], begin[len(p) :]]) for p, begin in zip(state, initial, strict=True))
