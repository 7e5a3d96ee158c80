"""The last value, seasonally adjusted: the reference forecast of the M4 competition.  n time steps, P of a season.

Source: Makridakis, Spiliotis & Assimakopoulos 2020, "The M4 competition: 100,000 time series and 61 forecasting
methods", appendix A (Naive 2), and the competition's published benchmarks.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

CRITICAL = 1.645  # of a normal distribution, two-sided at 90 %


def naive2(history: Tensor, horizon: int, period: int) -> Tensor:
    """(horizon,): what comes after positive numbers (n,), the last of them without its season, which is put back."""
    if not is_seasonal(history, period):
        return history[-1:].expand(horizon)
    index, ahead = seasonal_indices(history, period), len(history) + torch.arange(horizon)
    return history[-1] / index[(len(history) - 1) % period] * index[ahead % period]


def is_seasonal(history: Tensor, period: int) -> bool:
    """Whether the autocorrelation r_P of a history (n,) of three seasons or more is above what chance has at 90 %:

    |r_P| > 1.645 sqrt((1 + 2 (r_1^2 + ... + r_{P-1}^2)) / n)
    """
    n = len(history)
    if period < 2 or n < 3 * period:
        return False
    off = history - history.mean()
    r = torch.stack([(off[lag:] * off[: n - lag]).sum() for lag in range(1, period + 1)]) / off.square().sum()
    return bool(r[-1].abs() > CRITICAL * ((1 + 2 * r[:-1].square().sum()) / n).sqrt())


def seasonal_indices(history: Tensor, period: int) -> Tensor:
    """(P,): the factors of a classical multiplicative decomposition, of the steps 0, 1, ... modulo P; their mean is 1.

    The trend is the centred mean over one season, in which the two ends of an even one count half.
    """
    weights = history.new_ones(period + 1 - period % 2)
    if period % 2 == 0:
        weights[0] = weights[-1] = 0.5
    trend = F.conv1d(history[None, None], weights[None, None] / period)[0, 0]
    begin = len(weights) // 2
    ratios = history[begin : begin + len(trend)] / trend
    places = (begin + torch.arange(len(trend))) % period
    means = torch.stack([ratios[places == place].mean() for place in range(period)])
    return means / means.mean()
