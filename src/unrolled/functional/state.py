"""A recurrent state is a tuple of tensors whose first dimension is the batch."""

import torch
from torch import Tensor

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
