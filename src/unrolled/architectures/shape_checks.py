"""Checks of the shapes of inputs, states and lengths.  B batch, T time, F input features."""

from collections.abc import Sequence

from torch import Tensor

from unrolled.errors import InputError
from unrolled.functional.state import State


def check_shapes(
    inputs: Tensor, features: int, state: State | None, parts: Sequence[tuple[int, ...]], lengths: Tensor | None
) -> None:
    """Check the arguments of an architecture's `forward`.

    Args:
        inputs: must be (B, T, F), with at least one time step.
        features: F.
        state: must have the shapes (B, *part) of `parts`; None is not checked.
        parts: the shapes of the parts of the state, without the batch dimension.
        lengths: must be (B,), from 1 to T time steps; None is not checked.

    Raises:
        InputError: names the first argument with a wrong shape, the expected shape and the given one.
    """
    if inputs.dim() != 3 or inputs.shape[2] != features:
        raise InputError(f"expected inputs (B, T, {features}), got {tuple(inputs.shape)}")
    rows, time = inputs.shape[:2]
    if time < 1:
        raise InputError(f"expected inputs of at least 1 time step, got {tuple(inputs.shape)}")
    expected = [(rows, *part) for part in parts]
    if state is not None and (given := [tuple(part.shape) for part in state]) != expected:
        raise InputError(f"expected a state of {expected}, batch first, got {given}")
    if lengths is None:
        return
    if lengths.shape != inputs.shape[:1]:
        raise InputError(f"expected a length for each of {rows} rows, got {tuple(lengths.shape)}")
    if (wrong := ((lengths < 1) | (lengths > time)).nonzero()).numel():
        row = int(wrong[0])
        raise InputError(f"row {row}: expected a length from 1 to {time} time steps, got {int(lengths[row])}")
