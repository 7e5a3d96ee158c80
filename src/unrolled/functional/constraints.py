"""Bounds on weights, in place.  A unit is a row of a weight (N, F): what one unit reads."""

import torch
from torch import Tensor


@torch.no_grad()
def bound_values(weight: Tensor, limit: float) -> Tensor:
    """Cut each weight to [-`limit`, `limit`]; how many were cut."""
    cut = (weight.abs() > limit).sum()
    weight.clamp_(-limit, limit)
    return cut


@torch.no_grad()
def bound_rows(weight: Tensor, limit: float) -> Tensor:
    """Shrink each row until its L2 norm is at most `limit`; how many were shrunk."""
    norms = torch.linalg.vector_norm(weight, dim=1, keepdim=True)
    over = norms > limit
    weight.mul_(torch.where(over, limit / norms, 1.0))
    return over.sum()


@torch.no_grad()
def bound_spectrum(weight: Tensor, limit: float) -> Tensor:
    """Cut the singular values of each gate's block (H, H) of a weight (gates * H, H) to `limit`; how many blocks had
    larger ones.

    No other matrix of singular values up to `limit` is nearer in the Frobenius norm.  Exact decompositions, of those
    blocks alone whose norm may be too large by cheaper bounds.
    """
    blocks = weight.view(-1, weight.shape[1], weight.shape[1])
    rows, columns = (blocks.abs().sum(dim).amax(-1) for dim in (2, 1))
    length = blocks.square().sum((1, 2)).sqrt()
    doubtful = torch.minimum((rows * columns).sqrt(), length) > limit  # both are at least the largest singular value
    bounded = torch.zeros((), dtype=torch.int64, device=weight.device)
    if doubtful.any():
        u, s, v = torch.linalg.svd(blocks[doubtful])
        over = s[:, 0] > limit
        cut = (u * s.clamp(max=limit)[:, None]) @ v
        blocks[doubtful] = torch.where(over[:, None, None], cut, blocks[doubtful])
        bounded += over.sum()
    return bounded
