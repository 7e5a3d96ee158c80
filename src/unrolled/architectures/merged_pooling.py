"""One vector for all that a sequence has said up to each step.  B batch, T time, H hidden.

Running, so that a sequence may be read in pieces: each function takes what came before and gives what comes behind.
"""

import torch
from torch import Tensor

from unrolled.functional.state import State

CAP = 20.0  # scores in nats: their weights lie between e^-20 and e^20, so that no sum of them runs out of float32


def running_mean(x: Tensor, weights: Tensor, before: State) -> tuple[Tensor, State]:
    """(B, T, H): at each step the mean of `x` (B, T, H) up to it, weighed by `weights` (B, T, 1) above 0.

    `before` is the weighed sum (B, H) and the weight (B, 1) of what came before, zeros at the start.
    """
    total, weight = before
    totals = total[:, None] + (weights * x).cumsum(1)
    sums = weight.abs()[:, None] + weights.cumsum(1)  # its gradient is 0 at 0: a learned initial state leaves it there
    return totals / sums, (totals[:, -1], sums[:, -1])


def running_max(x: Tensor, before: State) -> tuple[Tensor, State]:
    """(B, T, H): at each step the largest of each feature of `x` (B, T, H) up to it.

    `before` is the largest (B, H) of what came before, -inf at the start.
    """
    (largest,) = before
    found = torch.maximum(x.cummax(1).values, largest[:, None])
    return found, (found[:, -1],)


def bounded_weights(scores: Tensor) -> Tensor:
    """exp of the scores, which are bent to stay within `CAP`: a softmax without its sum, safe without its maximum."""
    return (CAP * torch.tanh(scores / CAP)).exp()
