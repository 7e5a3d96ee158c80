"""Weight constraints, applied in place.

A unit is a row of a weight (N, F): the incoming weights of one unit.
"""

import torch
from torch import Tensor


@torch.no_grad()
def bound_values(weight: Tensor, limit: float) -> Tensor:
    """Clamp each weight to [-`limit`, `limit`]; return how many were clamped."""
    clamped = (weight.abs() > limit).sum()
    weight.clamp_(-limit, limit)
    return clamped


@torch.no_grad()
def bound_rows(weight: Tensor, limit: float) -> Tensor:
    """Shrink each row until its L2 norm is at most `limit`; return how many were shrunk."""
    norms = torch.linalg.vector_norm(weight, dim=1, keepdim=True)
    over = norms > limit
    weight.mul_(torch.where(over, limit / norms, 1.0))
    return over.sum()


@torch.no_grad()
def bound_spectrum(weight: Tensor, limit: float) -> Tensor:
    """Clamp the singular values of each gate's block (H, H) of a weight (gates * H, H) to `limit`.

    This is the projection in the Frobenius norm.  An exact decomposition is computed only for the blocks whose norm may
    exceed the limit by cheaper bounds.

    Returns:
        () int64: how many blocks were changed.
    """
    blocks = weight.view(-1, weight.shape[1], weight.shape[1])
    rows, columns = (blocks.abs().sum(dim).amax(-1) for dim in (2, 1))
    frobenius = blocks.square().sum((1, 2)).sqrt()
    candidates = (
        torch.minimum((rows * columns).sqrt(), frobenius) > limit
    )  # both are at least the largest singular value
    bounded = torch.zeros((), dtype=torch.int64, device=weight.device)
    if candidates.any():
        u, s, v = torch.linalg.svd(blocks[candidates])
        over = s[:, 0] > limit
        cut = (u * s.clamp(max=limit)[:, None]) @ v
        blocks[candidates] = torch.where(over[:, None, None], cut, blocks[candidates])
        bounded += over.sum()
    return bounded
