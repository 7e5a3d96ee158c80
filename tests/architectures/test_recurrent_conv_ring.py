"""Convolution along a ring."""

import pytest
import torch
from torch.nn import functional as F

from unrolled.architectures.recurrent_conv import convolve

N, P, C, D = 3, 7, 2, 4


@pytest.mark.parametrize("width", [1, 3, 5, 7])
def test_equals_torchs_convolution_with_circular_padding(width):
    x, weight = torch.randn(N, P, C, dtype=torch.float64), torch.randn(D, width * C, dtype=torch.float64)
    bias, kernel = torch.randn(D, dtype=torch.float64), weight.unflatten(1, (width, C)).transpose(1, 2)
    padded = F.pad(x.transpose(1, 2), (width // 2, width // 2), mode="circular")
    expected = F.conv1d(padded, kernel, bias).transpose(1, 2)
    torch.testing.assert_close(convolve(x, weight, bias), expected, rtol=0, atol=1e-13)


def test_a_kernel_that_sees_one_neighbour_brings_it():
    x = torch.arange(4.0)[None, :, None]
    before, itself, after = torch.eye(3)[:, None]
    for weight, expected in ((before, [3, 0, 1, 2]), (itself, [0, 1, 2, 3]), (after, [1, 2, 3, 0])):
        assert convolve(x, weight, torch.zeros(1)).flatten().tolist() == expected
