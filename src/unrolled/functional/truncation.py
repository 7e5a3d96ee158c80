"""How short a window may be, told from how fast the gradient through time fades.

phi_j, j = 1 to R, is the expected norm of dL_s/dh_{s-j}: the gradient of one step's loss at the state j time steps
before.  A window of K steps that ends at s cuts off what flows through h_{s-j} with j >= K.  Source: Aicher, Foti & Fox
2019, "Adaptively truncating backpropagation through time to control gradient bias", sections 4 and 5.
"""

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import torch
from torch import Tensor


def random_cuts(
    length: int, base: int, half_probability: float, std: float, shortest: int, generator: torch.Generator
) -> list[int]:
    """Where `length` time steps are cut, 0 and `length` among them; what is left over stands first.

        m := base / 2 with probability half_probability, else base;   a window's length := max(shortest, int(N(m, std)))

    Source: Merity, Keskar & Socher 2018, "Regularizing and optimizing LSTM language models", section 5; the bound
    below is that of their code.
    """
    cuts = [length]
    while cuts[-1] > 0:
        coin = torch.rand((), dtype=torch.float64, generator=generator)
        mean = base / 2 if coin < half_probability else base
        drawn = mean + std * torch.randn((), dtype=torch.float64, generator=generator)
        cuts.append(max(0, cuts[-1] - max(shortest, int(drawn))))
    return cuts[::-1]


class WindowChoice(NamedTuple):
    window: int  # time steps K
    decay_rate: float  # beta: by how much phi shrinks from one lag to the next, far from s; 0 where nothing is left
    relative_bias: float  # the bound at this window; inf where there is none


def decay_rate(norms: Sequence[float]) -> tuple[float, float]:
    """(beta, phi_R on the line) of the least-squares line through log phi_j over the later half of the lags.

    Both are 0 where the last norm is: all lags that there are were seen then, as in a sequence that began within them.
    """
    points = [(j, math.log(phi)) for j, phi in enumerate(norms) if j >= len(norms) // 2 and phi > 0]
    if not norms or norms[-1] == 0:
        return 0.0, 0.0
    if len(points) < 2:
        return math.inf, math.inf
    lag, log = (sum(values) / len(points) for values in zip(*points, strict=True))
    slope = sum((j - lag) * (y - log) for j, y in points) / sum((j - lag) ** 2 for j, _ in points)
    return math.exp(slope), math.exp(log + slope * (len(norms) - 1 - lag))


def choose_window(lags: Sequence[tuple[float, float]], tolerance: float, shortest: int, longest: int) -> WindowChoice:
    """The shortest window whose relative bias is at most `tolerance`, within [shortest, longest]; else the longest.

        A(K) = sum_{j >= K} phi_j <= phi_K + ... + phi_R + phi_R beta / (1 - beta)       what a window of K cuts off
        G = max_k (sum_k - A(k + 1))                                     at least the norm of the gradient through time
        relative bias(K) <= A(K) / G

    Args:
        lags: for j = 1 ... R phi_j, and sum_j: the expected norm of dL_s/dh_{s-1} + ... + dL_s/dh_{s-j}, which is what
            a parameter that is added to the state gets from j lags.
        tolerance: the relative bias that is put up with.
    """
    norms, sums = [norm for norm, _ in lags], [total for _, total in lags]
    beta, last = decay_rate(norms)
    beyond = last * beta / (1 - beta) if beta < 1 else math.inf  # all lags behind R
    cut_off = [*accumulate(reversed(norms), initial=beyond)][::-1]  # A(1) ... A(R + 1)
    whole = max((total - rest for total, rest in zip(sums, cut_off[1:], strict=True)), default=-math.inf)

    def relative_bias(window: int) -> float:
        further = window - len(cut_off)  # lags that the window holds and that were not seen
        bias = cut_off[window - 1] if further <= 0 else cut_off[-1] * beta**further
        return bias / whole if whole > 0 else math.inf

    window = next((k for k in range(shortest, longest) if relative_bias(k) <= tolerance), longest)
    return WindowChoice(window, beta, relative_bias(window))


def cut_probability(elapsed: int, expected_length: float, alpha: float, every: int = 1) -> float:
    """That a coin cuts, `elapsed` time steps behind the last cut; coins fall every `every` steps.

        c = (alpha - 1) / ((alpha - 2) L0 + d)      in units of `every` steps

    Lengths l then have the mean L0 exactly, and a tail like l^-alpha: with a = (alpha - 2) L0 and s = alpha - 1 the
    chance to get past coin n is prod_{d=1..n} (a + d - s) / (a + d), and these sum to a / (s - 1) = L0.  A coin whose
    length is as long as expected, L0 = every, always cuts; L0 = inf never does.
    """
    return every * (alpha - 1) / ((alpha - 2) * expected_length + elapsed)


def random_truncations(
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
