"""A normal distribution for each target."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from unrolled.functional.forecasting.distributions.base import LEAST, Output
from unrolled.functional.losses import gaussian_nll
from unrolled.functional.sampling import draw_normal


class Gaussian(Output):
    """A mean and a standard deviation, softplus(s) + LEAST; the loss is the negative log-likelihood in nats.

    Source: Salinas, Flunkert & Gasthaus 2017, "DeepAR: probabilistic forecasting with autoregressive recurrent
    networks", section 3.1.
    """

    width = 2

    def parts(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        """Means and standard deviations (..., O)."""
        mean, spread = raw.chunk(2, -1)
        return mean, F.softplus(spread) + LEAST

    def loss(self, raw: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        return gaussian_nll(*self.parts(raw), targets)

    def expected(self, raw: Tensor) -> Tensor:
        return raw.chunk(2, -1)[0]

    def draw(self, raw: Tensor, temperature: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
        return draw_normal(*self.parts(raw), temperature, generator)

    def quantiles(self, raw: Tensor, levels: Sequence[float]) -> Tensor:
        mean, deviation = self.parts(raw)
        distances = torch.special.ndtri(torch.tensor(levels, dtype=torch.float64)).to(raw.device, raw.dtype)
        return mean[..., None] + deviation[..., None] * distances
