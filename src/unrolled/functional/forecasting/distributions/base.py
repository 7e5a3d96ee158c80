"""Interface of output distributions.  O targets, W head outputs for each of them, Q levels."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
LEAST = 1e-3  # lower bound of a scale, in units of the scaled data, to keep densities bounded


class Output(ABC):
    """A forecast of (..., O) from head outputs `raw` (..., W O), ordered by parameter, then by target."""

    width: int  # W
    distribution: ClassVar[bool] = True  # whether it can be sampled

    @abstractmethod
    def loss(self, raw: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """The summed loss of `targets` (..., O), and their number; nan is skipped."""

    @abstractmethod
    def expected(self, raw: Tensor) -> Tensor:
        """The mean (..., O)."""

    @abstractmethod
    def draw(self, raw: Tensor, temperature: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
        """A sample (..., O), its distance from the centre multiplied by `temperature`.

        `generator` is on the CPU; None: torch's default generator.

        Raises:
            InputError: a temperature that is not above 0, or an output without a distribution.
        """

    @abstractmethod
    def quantiles(self, raw: Tensor, levels: Sequence[float]) -> Tensor:
        """The quantiles (..., O, Q) at `levels`, each in (0, 1)."""


def uniform(shape: torch.Size, like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Uniform samples in [0, 1) on the device of `like`, in float32 or wider; drawn on the CPU with a generator."""
    wide = torch.promote_types(like.dtype, torch.float32)
    if generator is None:
        return torch.rand(shape, dtype=wide, device=like.device)
    drawn = torch.rand(shape, generator=generator, dtype=torch.float64).to(like.device, wide)
    return drawn.clamp(max=1 - torch.finfo(wide).eps)  # rounding to 1 would give an infinite sample
