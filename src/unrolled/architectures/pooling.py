"""Pooling over time: last, mean, max or attention, as a running computation.  B batch, T time, H hidden."""

from typing import Literal

import torch
from torch import Tensor, nn

from unrolled.errors import InputError
from unrolled.functional.state import State

CAP = 20.0  # bound of the scores, in nats: weights are between e^-20 and e^20, so that their sums fit float32


def running_mean(x: Tensor, weights: Tensor, before: State) -> tuple[Tensor, State]:
    """(B, T, H): the mean of `x` (B, T, H) up to each step, weighted by positive `weights` (B, T, 1).

    `before` is the weighted sum (B, H) and the sum of weights (B, 1) of the earlier steps, zeros at the start.
    """
    total, weight = before
    totals = total[:, None] + (weights * x).cumsum(1)
    sums = weight.abs()[:, None] + weights.cumsum(1)  # its gradient is 0 at 0: a learned initial state leaves it there
    return totals / sums, (totals[:, -1], sums[:, -1])


def running_max(x: Tensor, before: State) -> tuple[Tensor, State]:
    """(B, T, H): the maximum of each feature of `x` (B, T, H) up to each step.

    `before` is the maximum (B, H) over the earlier steps, -inf at the start.
    """
    (largest,) = before
    found = torch.maximum(x.cummax(1).values, largest[:, None])
    return found, (found[:, -1],)


def bounded_weights(scores: Tensor) -> Tensor:
    """exp of the scores, bounded smoothly by `CAP`: an unnormalised softmax that needs no maximum for stability."""
    return (CAP * torch.tanh(scores / CAP)).exp()


Pooling = Literal["last", "mean", "max", "attention"]
STATE_PARTS: dict[str, int] = {
    "last": 0,
    "mean": 2,
    "max": 1,
    "attention": 2,
}  # tensors in the state of each


class Pool(nn.Module):
    """Pool the outputs up to each step; the value at the last step of a sequence pools all of it and no padding.

        last        h_t
        mean        the mean of h_1 ... h_t
        max         the maximum of each feature over h_1 ... h_t
        attention   sum_i a_i h_i / sum_i a_i,  a_i = exp(s_i),  s_i = q . tanh(W h_i + b), bounded by 20 nats

    Source of the attention: Yang et al. 2016, "Hierarchical attention networks for document classification".

    Args:
        how: one of these four.
        features: H.

    Raises:
        InputError: an unknown kind of pooling.
    """

    def __init__(self, how: Pooling, features: int) -> None:
        super().__init__()
        if how not in STATE_PARTS:
            raise InputError(f"task: expected pool to be one of {', '.join(STATE_PARTS)}, got {how!r}")
        self.how, self.features = how, features
        if how == "attention":
            self.score = nn.Sequential(nn.Linear(features, features), nn.Tanh(), nn.Linear(features, 1, bias=False))

    def initial_state(self, like: Tensor) -> State:
        """The state before the first step; `like` (B, ...) gives the batch size, dtype and device."""
        rows = len(like)
        if self.how == "last":
            return ()
        if self.how == "max":
            return (like.new_full((rows, self.features), float("-inf")),)
        return like.new_zeros(rows, self.features), like.new_zeros(rows, 1)

    def forward(self, hidden: Tensor, state: State) -> tuple[Tensor, State]:
        """The pooled outputs (B, T, H) of `hidden` (B, T, H), and the state after the last step."""
        if self.how == "last":
            return hidden, ()
        wide = hidden.to(state[0].dtype)  # sums keep the dtype of the state under mixed precision
        if self.how == "max":
            return running_max(wide, state)
        weights = wide.new_ones(*wide.shape[:2], 1)
        if self.how == "attention":
            weights = bounded_weights(self.score(hidden).to(wide.dtype))
        return running_mean(wide, weights, state)
