"""A recurrent state is a tuple of tensors whose first dimension is the batch."""

import torch
from torch import Tensor

from unrolled.errors import InputError

State = tuple[Tensor, ...]


def detach(state: State) -> State:
    """The same numbers; the gradient stops here."""
    return tuple(part.detach() for part in state)


def restart(state: State, fresh: Tensor, initial: State) -> State:
    """`initial` in the rows where `fresh` (B,) is True, `state` in the others.

    Raises:
        InputError: the two are of different shapes.
    """
    given, wanted = ([tuple(part.shape) for part in parts] for parts in (state, initial))
    if given != wanted:
        raise InputError(
            f"expected a carried state of {wanted}, got {given}: a batch needs the rows of the batch before it, and a "
            "resumed run the same strategies"
        )
    return tuple(
        torch.where(fresh.view(-1, *[1] * (part.dim() - 1)), begin, part)
        for part, begin in zip(state, initial, strict=True)
    )
