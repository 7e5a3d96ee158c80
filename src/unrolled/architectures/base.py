"""State hooks: a function applied to every new state of a network that runs step by step.  B batch, H hidden."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from unrolled.architectures.described import Described
from unrolled.errors import InputError

StateHook = Callable[[Tensor], Tensor]


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
