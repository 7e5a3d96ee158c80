"""Zoneout: units of a recurrent state keep their previous value at random.  B batch, T time, H hidden.

    s_t = d * s_{t-1} + (1 - d) * s~_t,   d ~ Bernoulli(p) in training, d = p in evaluation

Source: Krueger et al. 2017, "Zoneout: regularizing RNNs by randomly preserving hidden activations", section 3.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

Keep = Tensor | float  # d: a bool mask (B, H) in training, the probability p in evaluation


def zoneout(previous: Tensor, candidate: Tensor, keep: Keep) -> Tensor:
    """`previous` (B, H) for the units to keep, `candidate` (B, H) for the others; their mean where `keep` is p."""
    if isinstance(keep, float):
        return torch.lerp(candidate, previous.to(candidate.dtype), keep)
    return torch.where(keep, previous, candidate)


def draw_zoneout(x: Tensor, hidden_size: int, probabilities: Sequence[float], training: bool) -> list[tuple[Keep, ...]]:
    """For each time step of `x` (B, T, F), which units each part of the state keeps; empty tuples without zoneout."""
    if max(probabilities) == 0:
        return [()] * x.shape[1]
    shape = (*x.shape[:2], hidden_size)
    drawn = [
        (torch.rand(shape, device=x.device) < p).unbind(1) if training and p > 0 else (p,) * shape[1]
        for p in probabilities
    ]
    return [*zip(*drawn, strict=True)]
