"""What every output offers.  O targets, W numbers of the head for each of them, Q levels."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
LEAST = 1e-3  # of a scale, in units of the scaled data: a density stays bounded


class Output(ABC):
    """The numbers `raw` (..., W O) of a head, first those of one kind for all targets, as a forecast of (..., O)."""

    width: int  # W
    distribution: ClassVar[bool] = True  # whether it says how far off it may be

    @abstractmethod
    def loss(self, raw: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """The summed loss of `targets` (..., O), and over how many; nan counts in neither."""

    @abstractmethod
    def expected(self, raw: Tensor) -> Tensor:
        """The mean (..., O)."""

    @abstractmethod
    def draw(self, raw: Tensor, temperature: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
        """A draw (..., O), its distance from the centre multiplied by `temperature`.

        `generator` is on the CPU; without it the random numbers are torch's own.

        Raises:
            InputError: a temperature that is not above 0, or no distribution to draw from.
        """

    @abstractmethod
    def quantiles(self, raw: Tensor, levels: Sequence[float]) -> Tensor:
        """(..., O, Q): the numbers that are not exceeded with the probabilities `levels`, each in (0, 1)."""


def uniform(shape: torch.Size, like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Numbers in [0, 1) on the device of `like`, in float32 or wider; on the CPU first where a generator is given."""
    wide = torch.promote_types(like.dtype, torch.float32)
    if generator is None:
        return torch.rand(shape, dtype=wide, device=like.device)
    drawn = torch.rand(shape, generator=generator, dtype=torch.float64).to(like.device, wide)
    return drawn.clamp(max=1 - torch.finfo(wide).eps)  # rounded to 1, a number would be drawn at infinity
