"""Quantile regression for each target."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional as F

from unrolled.errors import InputError
from unrolled.functional.forecasting.distributions.base import Output, uniform


class Quantiles(Output):
    """Quantiles q at given levels, trained by the mean over the levels l of

        max(l (x - q), (l - 1) (x - q)),

    the pinball loss of Koenker & Bassett 1978, "Regression quantiles".  The head outputs the middle quantile and the
    distances to its neighbours, made positive by softplus, so that quantiles never cross.  Other quantiles are
    interpolated linearly between levels, and extrapolated from the two outermost levels.

    Args:
        levels: two probabilities or more, ascending, each in (0, 1).

    Raises:
        InputError: invalid levels.
    """

    def __init__(self, levels: Sequence[float]) -> None:
        ascending = all(low < high for low, high in pairwise(levels))
        if len(levels) < 2 or not ascending or not all(0 < level < 1 for level in levels):
            raise InputError(f"task: expected two levels or more, ascending and in (0, 1), got {[*levels]}")
        self.levels, self.width = tuple(levels), len(levels)

    def values(self, raw: Tensor) -> Tensor:
        """(..., O, Q) at `self.levels`, ascending."""
        wide = raw.to(torch.promote_types(raw.dtype, torch.float32))
        parts = wide.unflatten(-1, (self.width, -1)).movedim(-2, -1)
        middle = self.width // 2
        centre = parts[..., middle : middle + 1]
        below = centre - F.softplus(parts[..., :middle]).flip(-1).cumsum(-1).flip(-1)
        above = centre + F.softplus(parts[..., middle + 1 :]).cumsum(-1)
        return torch.cat([below, centre, above], -1)

    def loss(self, raw: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        known = ~targets.isnan()
        return pinball(self.values(raw), targets, self.levels).mean(-1).where(known, 0.0).sum(), known.sum()

    def expected(self, raw: Tensor) -> Tensor:
        values = self.values(raw)
        ends = values.new_tensor([0.0, *self.levels, 1.0])
        return (self._between(values, (ends[:-1] + ends[1:]) / 2) * ends.diff()).sum(-1)

    def draw(self, raw: Tensor, temperature: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
        if not temperature > 0:
            raise InputError(f"sampling: expected a temperature above 0, got {temperature}")
        values = self.values(raw)
        centre = self._between(values, values.new_tensor([0.5]))
        drawn = self._between(values, uniform(torch.Size((*values.shape[:-1], 1)), values, generator))
        return (centre + temperature * (drawn - centre))[..., 0]

    def quantiles(self, raw: Tensor, levels: Sequence[float]) -> Tensor:
        values = self.values(raw)
        return self._between(values, values.new_tensor([*levels]))

    def _between(self, values: Tensor, levels: Tensor) -> Tensor:
        """Interpolate the quantiles `values` (..., O, Q) at `levels` (L,) or (..., O, L); returns (..., O, L)."""
        known = values.new_tensor(self.levels)
        right = torch.searchsorted(known, levels).clamp(1, self.width - 1)
        weight = (levels - known[right - 1]) / (known[right] - known[right - 1])
        right = right.expand(*values.shape[:-1], levels.shape[-1])
        return torch.lerp(values.gather(-1, right - 1), values.gather(-1, right), weight.expand(right.shape))


def pinball(values: Tensor, targets: Tensor, levels: Sequence[float]) -> Tensor:
    """Pinball losses (..., Q) of quantiles `values` (..., Q) for `targets` (...); 0 where a target is nan."""
    above = (targets[..., None] - values).where(~targets.isnan()[..., None], 0.0)
    at = values.new_tensor([*levels])
    return torch.maximum(at * above, (at - 1) * above)
