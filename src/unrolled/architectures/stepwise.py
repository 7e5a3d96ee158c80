"""What an architecture that can run step by step hands out on the way.  B batch, H hidden."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from unrolled.architectures.described import Described
from unrolled.errors import InputError

Through = Callable[[Tensor], Tensor]


def unchanged(state: Tensor) -> Tensor:
    return state


class Stepwise(Described):
    """An architecture whose states can be met one by one while it learns.

    Where `through` is set, a training pass that records gradients runs step by step, and each part (B, H) of every new
    state, of every layer and direction, goes through it before anything reads it.  What flows back there is the whole
    dL/dh_t: from the output at t, from the layer above, and from t+1.
    """

    def __init__(self) -> None:
        super().__init__()
        self.through: Through | None = None

    def passing(self) -> Through | None:
        """`through` in a training pass that records gradients, else None."""
        return self.through if self.training and torch.is_grad_enabled() else None


def send_through(model: nn.Module, through: Through) -> None:
    """Set `through` of every architecture in `model`.

    Raises:
        InputError: there is none that can run step by step.
    """
    architectures = [module for module in model.modules() if isinstance(module, Stepwise)]
    if not architectures:
        raise InputError(f"{type(model).__name__}: expected an architecture that can run step by step, got none")
    for architecture in architectures:
        architecture.through = through
