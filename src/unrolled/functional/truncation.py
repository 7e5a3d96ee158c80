"""Window lengths and cuts of truncated back-propagation: random lengths, adaptive windows and ARTBP.

    random lengths   windows of normally distributed length (AWD-LSTM)
    adaptive         the shortest window whose relative gradient bias is below a tolerance
    ARTBP            random cuts with reweighted gradients, unbiased

phi_j, j = 1 to R, is the expected norm of dL_s/dh_{s-j}: the gradient of one step's loss at the state j time steps
earlier.  A window of K steps that ends at s drops the gradient through h_{s-j} with j >= K.

Sources: Merity, Keskar & Socher 2018, "Regularizing and optimizing LSTM language models", section 5; Aicher, Foti & Fox
2019, "Adaptively truncating backpropagation through time to control gradient bias", sections 4 and 5; Tallec &
Ollivier 2017, "Unbiasing truncated backpropagation through time" (ARTBP: anticipated reweighted truncated
backpropagation).
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
    """Cut points of `length` time steps, including 0 and `length`; the first window takes the remainder.

        m := base / 2 with probability half_probability, else base;   a window's length := max(shortest, int(N(m, std)))

    Merity et al. 2018; the lower bound is that of their code.
    """
    cuts = [length]
    while cuts[-1] > 0:
        uniform = torch.rand((), dtype=torch.float64, generator=generator)
        mean = base / 2 if uniform < half_probability else base
        drawn = mean + std * torch.randn((), dtype=torch.float64, generator=generator)
        cuts.append(max(0, cuts[-1] - max(shortest, int(drawn))))
    return cuts[::-1]


class WindowChoice(NamedTuple):
    """A window length and the estimates it is based on."""

    window: int  # time steps K
    decay_rate: float  # beta: factor of phi from one lag to the next, far from s; 0 if phi_R is 0
    relative_bias: float  # its upper bound at this window; inf without a bound


def decay_rate(norms: Sequence[float]) -> tuple[float, float]:
    """(beta, fitted phi_R) of the least-squares line through log phi_j over the later half of the lags.

    Both are 0 if the last norm is 0: then the lags cover all time steps, as in a sequence shorter than R.
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

        A(K) = sum_{j >= K} phi_j <= phi_K + ... + phi_R + phi_R beta / (1 - beta)       dropped by a window of K
        G = max_k (sum_k - A(k + 1))                             a lower bound of the norm of the full gradient
        relative bias(K) <= A(K) / G

    Args:
        lags: for j = 1 ... R phi_j, and sum_j: the expected norm of dL_s/dh_{s-1} + ... + dL_s/dh_{s-j}, the gradient
            of a parameter that is added to the state, from j lags.
        tolerance: upper bound of the relative bias.
        shortest: minimum window, in time steps.
        longest: maximum window, in time steps.
    """
    norms, sums = [norm for norm, _ in lags], [total for _, total in lags]
    beta, last = decay_rate(norms)
    beyond = last * beta / (1 - beta) if beta < 1 else math.inf  # all lags after R
    dropped = [*accumulate(reversed(norms), initial=beyond)][::-1]  # A(1) ... A(R + 1)
    full_norm = max((total - rest for total, rest in zip(sums, dropped[1:], strict=True)), default=-math.inf)

    def relative_bias(window: int) -> float:
        further = window - len(dropped)  # lags of the window beyond R
        bias = dropped[window - 1] if further <= 0 else dropped[-1] * beta**further
        return bias / full_norm if full_norm > 0 else math.inf

    window = next((k for k in range(shortest, longest) if relative_bias(k) <= tolerance), longest)
    return WindowChoice(window, beta, relative_bias(window))


def cut_probability(elapsed: int, expected_length: float, alpha: float, every: int = 1) -> float:
    """The probability of a cut `elapsed` time steps after the last one; cuts are possible every `every` steps.

        c = (alpha - 1) / ((alpha - 2) L0 + d)      in units of `every` steps

    Lengths l then have the mean L0 exactly, and a tail like l^-alpha: with a = (alpha - 2) L0 and s = alpha - 1 the
    probability of no cut up to draw n is prod_{d=1..n} (a + d - s) / (a + d), and these sum to a / (s - 1) = L0.
    L0 = every always cuts; L0 = inf never does.
    """
    return every * (alpha - 1) / ((alpha - 2) * expected_length + elapsed)


def random_truncations(
    length: int, coins: Sequence[float], expected_length: float, alpha: float, every: int = 1
) -> dict[int, dict[int, float]]:
    """The random windows of `length` time steps: {first step: {step: factor of the gradient that flows back there}}.

    A factor is 1 / (1 - c) at each possible cut that was not taken; steps with c = 0 are omitted.  The expected factor
    of the gradient between two steps, over all draws between them, is 1, so the truncated gradient is unbiased.

    Args:
        length: time steps T.
        coins: numbers from [0, 1), one for each of the time steps every, 2 every, ... below `length`.
        expected_length: L0, in time steps.
        alpha: exponent of the tail of the lengths.
        every: time steps between two possible cuts.
    """
    start, windows = 0, {0: dict[int, float]()}
    for step, draw in zip(range(every, length, every), coins, strict=True):
        c = cut_probability(step - start, expected_length, alpha, every)
        if draw < c:
            start, windows[step] = step, {}
        elif c > 0:
            windows[start][step] = 1 / (1 - c)
    return windows


class ScaleGradient(torch.autograd.Function):
    """The identity in the forward pass; multiplies the gradient by `factor` in the backward pass."""

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
