"""Truncate at random and make up for it: anticipated reweighted truncated back-propagation (ARTBP).

Source: Tallec & Ollivier 2017, "Unbiasing truncated backpropagation through time", section 4.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor


def cut_probability(elapsed: int, expected_length: float, alpha: float, every: int = 1) -> float:
    """That a coin cuts, `elapsed` time steps behind the last cut; coins fall every `every` steps.

        c = (alpha - 1) / ((alpha - 2) L0 + d)      in units of `every` steps

    Lengths l then have the mean L0 exactly, and a tail like l^-alpha: with a = (alpha - 2) L0 and s = alpha - 1 the
    chance to get past coin n is prod_{d=1..n} (a + d - s) / (a + d), and these sum to a / (s - 1) = L0.  A coin whose
    length is as long as expected, L0 = every, always cuts; L0 = inf never does.
    """
    return every * (alpha - 1) / ((alpha - 2) * expected_length + elapsed)


def toss(
    length: int, coins: Sequence[float], expected_length: float, alpha: float, every: int = 1
) -> dict[int, dict[int, float]]:
    """For each window of `length` time steps, by its first step, how much a gradient grows that gets past its coins.

    `coins` are numbers from [0, 1), one for each of the time steps every, 2 every, ... below `length`.  A window has
    1 / (1 - c) for each step with a coin that did not cut; a step is left out where c is 0.  The expected factor of a
    gradient from one step to another, over all coins between them, is 1: an uncut one grows by as much as cutting takes
    away.
    """
    start, windows = 0, {0: dict[int, float]()}
    for step, coin in zip(range(every, length, every), coins, strict=True):
        c = cut_probability(step - start, expected_length, alpha, every)
        if coin < c:
            start, windows[step] = step, {}
        elif c > 0:
            windows[start][step] = 1 / (1 - c)
    return windows


class ScaleGradient(torch.autograd.Function):
    """x on the way forward, `factor` times its gradient on the way back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, factor: float) -> Tensor:
        ctx.factor = factor
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient * ctx.factor, None


def scale_gradient(state: tuple[Tensor, ...], factor: float) -> tuple[Tensor, ...]:
    """The same state; the gradient of each of its parts is multiplied by `factor`."""
    return tuple(ScaleGradient.apply(part, factor) if part.is_floating_point() else part for part in state)
