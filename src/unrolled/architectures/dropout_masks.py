"""Masks that stay the same for a whole window of time, in however many calls it is read."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from unrolled.errors import InputError
from unrolled.functional.generators import generator


def check_probabilities(owner: str, **probabilities: float) -> None:
    """Raise an InputError that names the `owner` for the first probability outside [0, 1)."""
    for name, probability in probabilities.items():
        if not 0 <= probability < 1:
            raise InputError(f"{owner}: expected {name} in [0, 1), got {probability}")


class Masks(nn.Module):
    """Each mask is a function of its name and of one seed: of this window, or of this call where nobody tells windows.

    A window may be read in several calls (borders, joints), first without a graph (feedback), or once more on the way
    back (CheckpointedBPTT): what a mask hides stays hidden throughout.  The seed comes from torch's global generator
    when the window begins, so that a run's own seed decides it, and a checkpoint needs no more than that generator.

    Args:
        enabled: whether there are masks at all; without them no random number is drawn.
    """

    def __init__(self, enabled: bool) -> None:
        super().__init__()
        self.enabled, self.in_window, self.seed = enabled, False, 0
        self.cache: dict[tuple[object, ...], Tensor] = {}

    def start_window(self) -> None:
        """A window begins: other masks, held until `release_dropout_masks` or the next window."""
        self.in_window = False
        self.start_call()
        self.in_window = True

    def start_call(self) -> None:
        """A call begins: other masks, unless those of a window are held."""
        if self.enabled and not self.in_window:
            self.seed, self.cache = int(torch.randint(2**62, ())), {}

    def get_mask(self, name: str, shape: Sequence[int], probability: float, like: Tensor) -> Tensor:
        """`shape` of zeros, with `probability`, and of 1 / (1 - probability); of the dtype and device of `like`."""
        key = (name, *shape, like.dtype, like.device)
        if key not in self.cache:
            random = generator(self.seed, name, device=like.device)
            kept = torch.rand(tuple(shape), generator=random, device=like.device) >= probability
            self.cache[key] = kept.to(like.dtype) / (1 - probability)
        return self.cache[key]

    def drop_features(self, name: str, x: Tensor, probability: float) -> Tensor:
        """Variational dropout: in training zero features of `x` (B, T, F) at all time steps of a sequence."""
        if probability == 0 or not self.training:
            return x
        return x * self.get_mask(name, (len(x), 1, x.shape[2]), probability, x)


def renew_dropout_masks(model: nn.Module) -> None:
    """A window begins for all masks in `model`."""
    for masks in _all(model):
        masks.start_window()


def release_dropout_masks(model: nn.Module) -> None:
    """No window any more: from now on each call of `model` has masks of its own."""
    for masks in _all(model):
        masks.in_window = False


def _all(model: nn.Module) -> list[Masks]:
    return [module for module in model.modules() if isinstance(module, Masks)]
