"""gradient: annealed Gaussian noise."""

import math
from typing import Any

import torch

from unrolled.errors import InputError
from unrolled.functional.gradients import optimized_parameters
from unrolled.functional.schedules import annealed_noise
from unrolled.tasks.base import SequenceTask


class GradientNoise(SequenceTask):
    """Add Gaussian noise to every component of the gradient, with a variance that decreases with optimizer step t.

        g <- g + N(0, sigma_t^2),   sigma_t^2 = eta / (1 + t)^gamma

    All processes add the same noise, and a resumed run continues with the same noise.

    Source: Neelakantan et al. 2015, "Adding gradient noise improves learning for very deep networks", equation 1 with
    gamma = 0.55 and eta of 0.01, 0.3 or 1.

    Args:
        eta: variance at the first step; 0 changes nothing.
        gamma: exponent of the decrease; 0: constant variance.

    Raises:
        InputError: an eta or a gamma that is below 0 or not finite.
    """

    seam = "gradient"

    def __init__(self, *, eta: float = 0.0, gamma: float = 0.55, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not (0 <= eta < math.inf and 0 <= gamma < math.inf):
            raise InputError(f"GradientNoise: expected a finite eta and gamma of at least 0, got {eta} and {gamma}")
        self.eta, self.gamma = eta, gamma

    def perturb(self, optimizer: torch.optim.Optimizer) -> None:
        super().perturb(optimizer)
        if self.eta == 0:
            return
        sigma, numbers = annealed_noise(self.optimizer_steps, self.eta, self.gamma), self.draws("GradientNoise")
        for gradient in [p.grad for p in optimized_parameters(optimizer) if p.grad is not None]:
            noise = torch.randn(gradient.shape, generator=numbers, dtype=gradient.dtype)
            gradient.add_(noise.to(gradient.device), alpha=sigma)
        self.record("strategy/gradient_noise", sigma)
