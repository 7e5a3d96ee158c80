"""Base classes of architectures: recorded arguments, state hooks, and the check of what `forward` gets.

B batch, T time, F input features, H hidden.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from unrolled.errors import InputError
from unrolled.functional.state import State
from unrolled.suggestions import check_keywords

StateHook = Callable[[Tensor], Tensor]


class Described(nn.Module):
    """Keeps the keyword arguments that an instance was made with, so that a checkpoint can name them.

    Raises:
        UnknownArgument: a keyword that the class does not take.
    """

    arguments: dict[str, Any]  # empty where they were given by position, or unknown

    def __new__(cls, *args: Any, **kwargs: Any) -> "Described":
        known = {name for base in cls.__mro__ for name in inspect.get_annotations(base.__init__)}  # type: ignore[misc]
        if not kwargs.keys() <= known:
            check_keywords(cls, kwargs)
        made = super().__new__(cls)
        vars(made)["arguments"] = kwargs
        return made


def identity_hook(state: Tensor) -> Tensor:
    """The default hook: the state itself."""
    return state


class Stepwise(Described):
    """Base class of architectures with a state hook.

    If `state_hook` is set, a training pass that records gradients runs step by step and applies it to each part (B, H)
    of every new state, of every layer and direction, before anything reads that state.  The gradient that reaches the
    hook is the full dL/dh_t: from the output at t, from the layer above, and from t + 1.
    """

    def __init__(self) -> None:
        super().__init__()
        self.state_hook: StateHook | None = None

    def active_hook(self) -> StateHook | None:
        """`state_hook` in a training pass that records gradients, else None."""
        return self.state_hook if self.training and torch.is_grad_enabled() else None


def set_state_hook(model: nn.Module, hook: StateHook) -> None:
    """Set the state hook of every `Stepwise` architecture in `model`.

    Raises:
        InputError: the model has no such architecture.
    """
    architectures = [module for module in model.modules() if isinstance(module, Stepwise)]
    if not architectures:
        raise InputError(f"{type(model).__name__}: expected an architecture that can run step by step, got none")
    for architecture in architectures:
        architecture.state_hook = hook


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
