"""Layer normalisation of the inputs of a cell's gates.  H hidden."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class GateNorm(nn.Module):
    """Normalise each group of gates at one time step to mean 0 and variance 1, times a learned gain.

        LN(a)_j = g_j (a_j - mean(a)) / sqrt(var(a) + 1e-5)

    The biases that Ba et al. add are the cell's: b_i* and b_h* are added outside.

    Source: Ba, Kiros & Hinton 2016, "Layer normalization", equation 4 and the supplement's equations 20 to 27.

    Args:
        hidden_size: units H of a gate.
        groups: number of gates in each group, in order; a group is normalised together.
    """

    def __init__(self, hidden_size: int, groups: Sequence[int]) -> None:
        super().__init__()
        self.sizes = [gates * hidden_size for gates in groups]
        self.gain = nn.Parameter(torch.ones(sum(self.sizes)))

    def forward(self, a: Tensor) -> Tensor:
        """`a` (..., gates * H) normalised over the last dimension."""
        groups = zip(a.split(self.sizes, -1), self.gain.split(self.sizes), strict=True)
        return torch.cat([F.layer_norm(part, gain.shape, gain) for part, gain in groups], -1)
