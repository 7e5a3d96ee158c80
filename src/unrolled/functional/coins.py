"""Which steps read the truth and which the model's own output: True is the truth.  B batch, T time."""

from typing import Literal

import torch
from torch import Tensor

from unrolled.functional.windows import spans

Per = Literal["token", "sequence", "batch"]  # what has a coin of its own


def coins(
    rows: int,
    steps: int,
    probability: float,
    per: Per = "token",
    generator: torch.Generator | None = None,
    device: torch.device | None = None,
) -> Tensor:
    """(B, T) bool: each coin says truth with `probability`; 1 always does, 0 never.

    Source: Bengio, Vinyals, Jaitly & Shazeer 2015, "Scheduled sampling for sequence prediction with recurrent neural
    networks", section 2.4: a coin for each token; one for a whole sequence did worse there.

    Args:
        per: token tosses B T coins, sequence one for each row and all its steps, batch a single one.
        generator: where the numbers come from, on whichever device; without it from torch's own on `device`.
        device: of the answer.
    """
    shape = {"token": (rows, steps), "sequence": (rows, 1), "batch": (1, 1)}[per]
    drawn = torch.rand(shape, generator=generator, device=generator.device if generator else device)
    return (drawn < probability).to(device).expand(rows, steps)


def curriculum(steps: int, free: int, device: torch.device | None = None) -> Tensor:
    """(T,) bool, the same for every row: the last `free` steps are the model's own, all of them if there are fewer."""
    return torch.arange(steps, device=device) < steps - free


def segments(truth: Tensor) -> list[tuple[int, int]]:
    """The stretches [begin, end) of `truth` (B, T) that one fused call can read, as few as there can be.

    A row's own output for step t is known once step t - 1 was read, so a stretch begins wherever a row reads its own.
    """
    own = (~truth).any(0).nonzero().flatten().tolist()
    return spans(0, truth.shape[1], own)
