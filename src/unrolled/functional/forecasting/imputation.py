"""Imputation on tensors.  B windows, T time steps, O numbers of a step; nan is missing.

`forward` is causal; `linear` depends on later steps inside the context of a window, never after it.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Before(NamedTuple):
    """The last observation before a window.  Each (B, O)."""

    value: Tensor  # the last observed value, or a default if there is none
    since: Tensor  # time steps from it to the last step before the window
    seen: Tensor  # bool: whether there is one


def last_seen(values: Tensor) -> Tensor:
    """The step (B, T, O) of the last observed value, -1 if there is none so far."""
    steps = torch.arange(values.shape[1], device=values.device)[:, None]
    return torch.where(values.isnan(), -1, steps).cummax(1).values


def since(values: Tensor, before: Before) -> Tensor:
    """Time steps (B, T, O) since the last observed value; 0 at observed values."""
    last, steps = last_seen(values), torch.arange(values.shape[1], device=values.device)[:, None]
    return torch.where(last < 0, before.since[:, None] + steps + 1, steps - last)


def forward(values: Tensor, before: Before) -> Tensor:
    """Forward fill (B, T, O): the last observed value in place of each missing one."""
    last = last_seen(values)
    return torch.where(last < 0, before.value[:, None], values.gather(1, last.clamp(min=0)))


def linear(values: Tensor, before: Before, context: int) -> Tensor:
    """Linear interpolation of each gap that ends inside the context; all other gaps are filled forward.

    A gap that is open at the end of the context, or starts before any observed value, is not interpolated.
    """
    steps = torch.arange(values.shape[1], device=values.device)[:, None]
    here = ~values.isnan() & (steps < context)
    right = torch.where(here, steps, len(steps)).flip(1).cummin(1).values.flip(1)
    last = last_seen(values)
    left = torch.where(last < 0, -1 - before.since[:, None], last)
    begin = forward(values, before)
    end = values.gather(1, right.clamp(max=len(steps) - 1))
    line = begin + (end - begin) * (steps - left) / (right - left).clamp(min=1)
    between = values.isnan() & (right < len(steps)) & ((last >= 0) | before.seen[:, None])
    return torch.where(between, line, begin)
