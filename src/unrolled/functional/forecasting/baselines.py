"""A direct linear map from a context to each step of a horizon, by least squares.

    y_h - x_C = w_h [x_1 - x_C, ..., x_{C - 1} - x_C] + b_h

The same numbers at another level thus have the same forecast at that level.  Source of the idea that such a map is a
strong baseline: Zeng, Chen, Zhang & Xu 2023, "Are transformers effective for time series forecasting?" (DLinear).

N origins, C time steps of context, H of the horizon, D = C inputs, the last one constant.
"""

from typing import Self

import torch
from torch import Tensor


def centred(context: Tensor) -> Tensor:
    """(N, D): the context (N, C) without its last number, around it, and 1 in its place."""
    return torch.cat([context[:, :-1] - context[:, -1:], torch.ones_like(context[:, -1:])], 1)


class Moments:
    """What least squares must know of the origins, gathered piece by piece; a target of nan counts in no step.

    Args:
        context: C.
        horizon: H.
    """

    def __init__(self, context: int, horizon: int) -> None:
        self.products = torch.zeros(context, context, dtype=torch.float64)  # of the inputs, over all origins
        self.absent = torch.zeros(horizon, context, context, dtype=torch.float64)  # over those that a step misses
        self.answers = torch.zeros(horizon, context, dtype=torch.float64)

    def add(self, context: Tensor, ahead: Tensor) -> Self:
        """Origins: contexts (N, C) without gaps, and what came after them (N, H)."""
        inputs, targets = centred(context), ahead - context[:, -1:]
        self.products += inputs.T @ inputs
        self.answers += targets.nan_to_num().T @ inputs
        for step in targets.isnan().any(0).nonzero().flatten().tolist():
            missed = inputs[targets[:, step].isnan()]
            self.absent[step] += missed.T @ missed
        return self

    def solve(self, penalty: float) -> Tensor:
        """The weights (H, D) of least summed square, `penalty` |w|^2 added; the constant is not punished."""
        ridge = torch.diag(torch.tensor([penalty] * (len(self.products) - 1) + [0.0], dtype=torch.float64))
        if not self.absent.any():
            return torch.linalg.lstsq(self.products + ridge, self.answers.T, driver="gelsd").solution.T
        each = self.products - self.absent + ridge
        return torch.linalg.lstsq(each, self.answers[..., None], driver="gelsd").solution[..., 0]


def linear_forecast(context: Tensor, weights: Tensor) -> Tensor:
    """(N, H): what the map `weights` (H, D) says after contexts (N, C)."""
    return context[:, -1:] + centred(context) @ weights.T
