"""How short a window may be, told from how fast the gradient through time fades.

phi_j, j = 1 to R, is the expected norm of dL_s/dh_{s-j}: the gradient of one step's loss at the state j time steps
before.  A window of K steps that ends at s cuts off what flows through h_{s-j} with j >= K.  Source: Aicher, Foti & Fox
2019, "Adaptively truncating backpropagation through time to control gradient bias", sections 4 and 5.
"""

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple


class Choice(NamedTuple):
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


def choose_window(lags: Sequence[tuple[float, float]], tolerance: float, shortest: int, longest: int) -> Choice:
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
    return Choice(window, beta, relative_bias(window))
