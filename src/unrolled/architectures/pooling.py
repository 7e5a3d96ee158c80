"""From the outputs of all steps to one vector.  B batch, T time, H hidden."""

from typing import Literal

import torch
from torch import Tensor, nn

from unrolled.errors import InputError
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


Pooling = Literal["last", "mean", "max", "attention"]
STATE_PARTS: dict[str, int] = {
    "last": 0,
    "mean": 2,
    "max": 1,
    "attention": 2,
}  # tensors in the state of each


class Pool(nn.Module):
    """What the steps up to each one say together; a row's own last step tells of all of it, and of no padding.

        last        h_t
        mean        the mean of h_1 ... h_t
        max         the largest of each feature in h_1 ... h_t
        attention   sum_i a_i h_i / sum_i a_i,  a_i = exp(s_i),  s_i = q . tanh(W h_i + b), bent to within 20 nats

    Source of the attention: Yang et al. 2016, "Hierarchical attention networks for document classification".

    Args:
        how: one of these four.
        features: H.

    Raises:
        InputError: another one.
    """

    def __init__(self, how: Pooling, features: int) -> None:
        super().__init__()
        if how not in STATE_PARTS:
            raise InputError(f"task: expected pool to be one of {', '.join(STATE_PARTS)}, got {how!r}")
        self.how, self.features = how, features
        if how == "attention":
            self.score = nn.Sequential(nn.Linear(features, features), nn.Tanh(), nn.Linear(features, 1, bias=False))

    def initial_state(self, like: Tensor) -> State:
        """Of rows that have read nothing; `like` (B, ...) is of their number, type and device."""
        rows = len(like)
        if self.how == "last":
            return ()
        if self.how == "max":
            return (like.new_full((rows, self.features), float("-inf")),)
        return like.new_zeros(rows, self.features), like.new_zeros(rows, 1)

    def forward(self, hidden: Tensor, state: State) -> tuple[Tensor, State]:
        """The pooled outputs (B, T, H) of `hidden` (B, T, H), and the state behind them."""
        if self.how == "last":
            return hidden, ()
        wide = hidden.to(state[0].dtype)  # sums stay wide under mixed precision
        if self.how == "max":
            return running_max(wide, state)
        weights = wide.new_ones(*wide.shape[:2], 1)
        if self.how == "attention":
            weights = bounded_weights(self.score(hidden).to(wide.dtype))
        return running_mean(wide, weights, state)
