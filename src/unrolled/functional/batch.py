"""What a data module hands to a task."""

from typing import NamedTuple

from torch import Tensor

IGNORE = -100  # a target that takes no part in any loss or metric


class SequenceBatch(NamedTuple):
    """A piece of B sequences.  B batch, T time."""

    inputs: Tensor  # (B, T): token ids; (B, T, F): numbers
    targets: Tensor  # (B, T): IGNORE where there is nothing to predict
    fresh: Tensor  # (B,) bool: True where the row starts a new sequence at its first step
