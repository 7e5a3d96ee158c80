"""Tensors that do not fit together, told in one line.  B batch, T time, F input features."""

from collections.abc import Sequence

from torch import Tensor

from unrolled.errors import InputError
from unrolled.functional.state import State


def check_shapes(
    inputs: Tensor, features: int, state: State | None, parts: Sequence[tuple[int, ...]], lengths: Tensor | None
) -> None:
    """Refuse what an architecture cannot read.

    Args:
        inputs: should be (B, T, F), of a time step or more.
        features: F.
        state: should have the shapes (B, ...) of its `parts`; null: not asked.
        parts: the shapes of a row's parts, without the batch.
        lengths: should be (B,), from 1 to T time steps; null: not asked.

    Raises:
        InputError: names the first that does not fit, what was expected and what came.
    """
    if inputs.dim() != 3 or inputs.shape[2] != features:
        raise InputError(f"expected inputs (B, T, {features}), got {tuple(inputs.shape)}")
    rows, time = inputs.shape[:2]
    if time < 1:
        raise InputError(f"expected inputs of at least 1 time step, got {tuple(inputs.shape)}")
    wanted = [(rows, *part) for part in parts]
    if state is not None and (given := [tuple(part.shape) for part in state]) != wanted:
        raise InputError(f"expected a state of {wanted}, batch first, got {given}")
    if lengths is None:
        return
    if lengths.shape != inputs.shape[:1]:
        raise InputError(f"expected a length for each of {rows} rows, got {tuple(lengths.shape)}")
    if (wrong := ((lengths < 1) | (lengths > time)).nonzero()).numel():
        row = int(wrong[0])
        raise InputError(f"row {row}: expected a length from 1 to {time} time steps, got {int(lengths[row])}")
