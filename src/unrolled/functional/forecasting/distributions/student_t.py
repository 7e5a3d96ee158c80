"""Student's t distribution for each target: heavy tails."""

import math
from collections.abc import Sequence

import torch
from scipy.special import stdtrit
from torch import Tensor
from torch.nn import functional as F

from unrolled.errors import InputError
from unrolled.functional.forecasting.distributions.base import LEAST, Output, uniform


class StudentT(Output):
    """A location m, a scale s = softplus + LEAST and degrees of freedom v = 2 + softplus, so that a variance exists.

        -ln p(x) = ln s + 1/2 ln(v pi) + ln G(v / 2) - ln G((v + 1) / 2) + (v + 1) / 2 ln(1 + ((x - m) / s)^2 / v)

    in nats.  Draws: Bailey 1994, "Polar generation of random variates with the t-distribution".
    """

    width = 3

    def parts(self, raw: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Locations, scales and degrees of freedom (..., O)."""
        location, spread, freedom = raw.chunk(3, -1)
        return location, F.softplus(spread) + LEAST, 2 + F.softplus(freedom)

    def loss(self, raw: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        known = ~targets.isnan()
        parts = self.parts(raw.to(torch.promote_types(raw.dtype, torch.float32)))
        location, scale, freedom = (part.where(known, 3.0) for part in parts)  # nan would reach the gradient
        distances = (location - targets).where(known, 0.0) / scale
        half = (freedom + 1) / 2
        nats = scale.log() + 0.5 * (freedom * math.pi).log() + torch.lgamma(freedom / 2) - torch.lgamma(half)
        nats = nats + half * (distances.square() / freedom).log1p()
        return nats.where(known, 0.0).sum(), known.sum()

    def expected(self, raw: Tensor) -> Tensor:
        return raw.chunk(3, -1)[0]

    def draw(self, raw: Tensor, temperature: float = 1.0, generator: torch.Generator | None = None) -> Tensor:
        if not temperature > 0:
            raise InputError(f"sampling: expected a temperature above 0, got {temperature}")
        location, scale, freedom = self.parts(raw)
        first, second = (uniform(location.shape, location, generator) for _ in range(2))
        radius = (freedom * torch.expm1(-2 / freedom * torch.log1p(-first))).sqrt()  # 1 - first is in (0, 1]
        return location + temperature * scale * radius * (2 * math.pi * second).cos()

    def quantiles(self, raw: Tensor, levels: Sequence[float]) -> Tensor:
        location, scale, freedom = (part[..., None] for part in self.parts(raw))
        distances = stdtrit(freedom.detach().cpu().double().numpy(), [float(level) for level in levels])
        return location + scale * torch.as_tensor(distances).to(raw.device, raw.dtype)
