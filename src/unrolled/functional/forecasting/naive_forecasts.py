"""Forecasts without a model, for a figure to stand beside.  N origins, C time steps of context, O numbers of a step."""

import torch
from torch import Tensor


def last_value(context: Tensor, horizon: int) -> Tensor:
    """(N, horizon, ...): the last number of the context (N, C, ...) at each step ahead."""
    return context[:, -1:].expand(-1, horizon, *context.shape[2:])


def last_season(context: Tensor, horizon: int, period: int) -> Tensor:
    """(N, horizon, ...): the last `period` numbers of the context (N, C, ...), again and again; C >= `period`."""
    return context[:, context.shape[1] - period + torch.arange(horizon) % period]
