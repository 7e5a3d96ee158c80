"""Which steps read the truth and which the model's own output: True is the truth.  B batch, T time."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from unrolled.functional.windows import spans

Per = Literal["token", "sequence", "batch"]  # what has a coin of its own


def uniform_draws(
    rows: int,
    steps: int,
    per: Per = "token",
    generator: torch.Generator | None = None,
    device: torch.device | None = None,
) -> Tensor:
    """Uniform random numbers from [0, 1): a coin with the probability p says truth where its number is below p.

    Source: Bengio, Vinyals, Jaitly & Shazeer 2015, "Scheduled sampling for sequence prediction with recurrent neural
    networks", section 2.4: a coin for each token; one for a whole sequence did worse there.

    Args:
        rows: B.
        steps: T.
        per: token draws (B, T) numbers, sequence (B, 1), one for all steps of a row, and batch (1, 1).
        generator: on the CPU, where the numbers come from; without it from torch's own on `device`.
        device: of the answer.
    """
    shape = {"token": (rows, steps), "sequence": (rows, 1), "batch": (1, 1)}[per]
    if generator is not None:
        return torch.rand(shape, generator=generator).to(device)
    return torch.rand(shape, device=device)


def fused_segments(truth: Tensor) -> list[tuple[int, int]]:
    """The stretches [begin, end) of `truth` (B, T, ...) that one fused call can read, as few as there can be.

    A row's own output for step t is known once step t - 1 was read, so a stretch begins wherever a row reads its own.
    """
    own = (~truth).transpose(0, 1).flatten(1).any(1).nonzero().flatten().tolist()
    return spans(0, truth.shape[1], own)


def no_output_like(own: Tensor) -> Tensor:
    """No output, in the shape of `own`."""
    return torch.full_like(own, _mark(own))


def has_output(own: Tensor) -> Tensor:
    """(B,) bool: which rows of `own` (B, ...) have an output."""
    there = ~own.isnan() if own.is_floating_point() else own >= 0
    return there.flatten(1).all(1) if own.dim() > 1 else there


def drop_outputs(own: Tensor, truth: Tensor) -> Tensor:
    """`own`, with none at the steps (B,) or (B, T) that are to read the truth."""
    return own.masked_fill(truth.reshape(*truth.shape, *[1] * (own.dim() - truth.dim())), _mark(own))


def _mark(own: Tensor) -> float:
    return float("nan") if own.is_floating_point() else -1


def discriminator_loss(forced: Tensor, free: Tensor) -> Tensor:
    """-log D(forced) - log(1 - D(free)) in nats, each a mean over the rows: what the discriminator lowers."""
    return F.softplus(-forced).mean() + F.softplus(free).mean()


def generator_loss(free: Tensor) -> Tensor:
    """-log D(free) in nats, a mean over the rows: what the network lowers that is to be taken for forced."""
    return F.softplus(-free).mean()


def discriminator_accuracy(forced: Tensor, free: Tensor) -> Tensor:
    """The share, 0 to 1, of the runs that are told right; a logit of 0 says nothing, and is wrong."""
    return torch.cat([forced > 0, free < 0]).float().mean()
