"""The weights of a recurrent convolution."""

import math

import torch
from torch import nn


class Kernels(nn.Module):
    """Of one layer and direction, by the names that torch gives those of a GRU (gates r z n); drawn likewise.

    Args:
        features: of each position of the input.
        channels: C, units of each position.
        kernel_size: K, positions that a convolution sees.
    """

    def __init__(self, features: int, channels: int, kernel_size: int) -> None:
        super().__init__()
        self.weight_ih_l0 = nn.Parameter(torch.empty(3 * channels, features * kernel_size))
        self.weight_hh_l0 = nn.Parameter(torch.empty(3 * channels, channels * kernel_size))
        self.bias_ih_l0 = nn.Parameter(torch.empty(3 * channels))
        self.bias_hh_l0 = nn.Parameter(torch.empty(3 * channels))
        bound = 1 / math.sqrt(channels * kernel_size)  # as many numbers of the state as a unit reads
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)
