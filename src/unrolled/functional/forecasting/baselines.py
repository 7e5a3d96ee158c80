"""Forecasts without a network: last value, last season, Naive2, and a direct linear map by least squares.

The linear map from a context to each step of a horizon:

    y_h - x_C = w_h [x_1 - x_C, ..., x_{C - 1} - x_C] + b_h

A constant added to the context is thus added to the forecast.  Source of this map as a strong baseline: Zeng, Chen,
Zhang & Xu 2023, "Are transformers effective for time series forecasting?" (DLinear).

N origins, C time steps of context, H of the horizon, D = C inputs, the last one constant.
"""

from typing import Self

import torch
from torch import Tensor
from torch.nn import functional as F


def last_value(context: Tensor, horizon: int) -> Tensor:
    """(N, horizon, ...): the last value of the context (N, C, ...) at each step ahead."""
    return context[:, -1:].expand(-1, horizon, *context.shape[2:])


def last_season(context: Tensor, horizon: int, period: int) -> Tensor:
    """(N, horizon, ...): the last `period` values of the context (N, C, ...), repeated; C >= `period`."""
    return context[:, context.shape[1] - period + torch.arange(horizon) % period]


def centred(context: Tensor) -> Tensor:
    """Inputs (N, D) of the linear map: the context (N, C) minus its last value, which is replaced by the constant 1."""
    return torch.cat([context[:, :-1] - context[:, -1:], torch.ones_like(context[:, -1:])], 1)


class Moments:
    """The normal equations of least squares, accumulated over chunks of origins; targets of nan are skipped.

    Args:
        context: C.
        horizon: H.
    """

    def __init__(self, context: int, horizon: int) -> None:
        self.products = torch.zeros(context, context, dtype=torch.float64)  # inputs by inputs, over all origins
        self.absent = torch.zeros(horizon, context, context, dtype=torch.float64)  # over origins without that target
        self.moments = torch.zeros(horizon, context, dtype=torch.float64)

    def add(self, context: Tensor, ahead: Tensor) -> Self:
        """Add origins: contexts (N, C) without nan, and the values after them (N, H)."""
        inputs, targets = centred(context), ahead - context[:, -1:]
        self.products += inputs.T @ inputs
        self.moments += targets.nan_to_num().T @ inputs
        for step in targets.isnan().any(0).nonzero().flatten().tolist():
            missed = inputs[targets[:, step].isnan()]
            self.absent[step] += missed.T @ missed
        return self

    def solve(self, penalty: float) -> Tensor:
        """The ridge regression weights (H, D) with `penalty` |w|^2; the intercept is not regularised."""
        ridge = torch.diag(torch.tensor([penalty] * (len(self.products) - 1) + [0.0], dtype=torch.float64))
        if not self.absent.any():
            return torch.linalg.lstsq(self.products + ridge, self.moments.T, driver="gelsd").solution.T
        each = self.products - self.absent + ridge
        return torch.linalg.lstsq(each, self.moments[..., None], driver="gelsd").solution[..., 0]


def linear_forecast(context: Tensor, weights: Tensor) -> Tensor:
    """Forecasts (N, H) of the map `weights` (H, D) from contexts (N, C)."""
    return context[:, -1:] + centred(context) @ weights.T


CRITICAL = 1.645  # of a normal distribution, two-sided at 90 %


def naive2(history: Tensor, horizon: int, period: int) -> Tensor:
    """Naive2 (horizon,) of positive values (n,): the last value, seasonally adjusted, times the seasonal indices."""
    if not is_seasonal(history, period):
        return history[-1:].expand(horizon)
    index, ahead = seasonal_indices(history, period), len(history) + torch.arange(horizon)
    return history[-1] / index[(len(history) - 1) % period] * index[ahead % period]


def is_seasonal(history: Tensor, period: int) -> bool:
    """Whether the autocorrelation r_P of a history (n,) of three seasons or more is significant at 90 %:

    |r_P| > 1.645 sqrt((1 + 2 (r_1^2 + ... + r_{P-1}^2)) / n)
    """
    n = len(history)
    if period < 2 or n < 3 * period:
        return False
    off = history - history.mean()
    r = torch.stack([(off[lag:] * off[: n - lag]).sum() for lag in range(1, period + 1)]) / off.square().sum()
    return bool(r[-1].abs() > CRITICAL * ((1 + 2 * r[:-1].square().sum()) / n).sqrt())


def seasonal_indices(history: Tensor, period: int) -> Tensor:
    """Factors (P,) of a classical multiplicative decomposition, of the steps 0, 1, ... modulo P; their mean is 1.

    The trend is the centred moving average over one season, with half weight at both ends of an even period.
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
