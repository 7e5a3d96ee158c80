"""Choice between ground truth and model output as the input of a step; adversarial losses of professor forcing.

B batch, T time.  Choice masks are True where a step reads the ground truth.  A missing model output is -1 for token ids
and nan for numbers.

Sources: Bengio, Vinyals, Jaitly & Shazeer 2015, "Scheduled sampling for sequence prediction with recurrent neural
networks"; Goyal, Lamb, Zhang, Zhang, Courville & Bengio 2016, "Professor forcing: a new algorithm for training
recurrent networks" (the losses).
"""

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from unrolled.functional.windows import spans

Per = Literal["token", "sequence", "batch"]  # how many choices share one random number


def uniform_draws(
    rows: int,
    steps: int,
    per: Per = "token",
    generator: torch.Generator | None = None,
    device: torch.device | None = None,
) -> Tensor:
    """Uniform random numbers from [0, 1): a step reads the ground truth, with probability p, if its number is below p.

    Bengio et al. 2015, section 2.4, draw one number per token; one per sequence did worse there.

    Args:
        rows: B.
        steps: T.
        per: token draws (B, T) numbers, sequence (B, 1), one for all its steps, and batch (1, 1).
        generator: draws on the CPU; None uses torch's global generator on `device`.
        device: of the result.
    """
    shape = {"token": (rows, steps), "sequence": (rows, 1), "batch": (1, 1)}[per]
    if generator is not None:
        return torch.rand(shape, generator=generator).to(device)
    return torch.rand(shape, device=device)


def fused_segments(truth: Tensor) -> list[tuple[int, int]]:
    """The fewest segments [begin, end) of `truth` (B, T, ...) that one fused call each can read.

    The model output for step t is available after step t - 1, so a segment begins wherever any sequence reads it.
    """
    split_points = (~truth).transpose(0, 1).flatten(1).any(1).nonzero().flatten().tolist()
    return spans(0, truth.shape[1], split_points)


def no_output_like(outputs: Tensor) -> Tensor:
    """Missing outputs in the shape of `outputs`."""
    return torch.full_like(outputs, _missing(outputs))


def has_output(outputs: Tensor) -> Tensor:
    """(B,) bool: which rows of `outputs` (B, ...) are not missing."""
    present = ~outputs.isnan() if outputs.is_floating_point() else outputs >= 0
    return present.flatten(1).all(1) if outputs.dim() > 1 else present


def drop_outputs(outputs: Tensor, truth: Tensor) -> Tensor:
    """`outputs` (B, ...) or (B, T, ...), missing where `truth` (B,) or (B, T) is True."""
    mask = truth.reshape(*truth.shape, *[1] * (outputs.dim() - truth.dim()))
    return outputs.masked_fill(mask, _missing(outputs))


def _missing(outputs: Tensor) -> float:
    return float("nan") if outputs.is_floating_point() else -1


def discriminator_loss(forced: Tensor, free: Tensor) -> Tensor:
    """Loss of the discriminator, -log D(forced) - log(1 - D(free)) in nats, each a mean over the logits (B,)."""
    return F.softplus(-forced).mean() + F.softplus(free).mean()


def generator_loss(free: Tensor) -> Tensor:
    """Loss of the network that should look teacher-forced, -log D(free) in nats, a mean over the logits (B,)."""
    return F.softplus(-free).mean()


def discriminator_accuracy(forced: Tensor, free: Tensor) -> Tensor:
    """The fraction, 0 to 1, of runs that the discriminator classifies correctly; a logit of 0 counts as wrong."""
    return torch.cat([forced > 0, free < 0]).float().mean()
