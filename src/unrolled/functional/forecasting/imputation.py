"""Numbers in the place of missing ones.  B windows, T time steps, O numbers of a step; nan is missing.

No fill looks ahead of the step that it fills; `linear` looks ahead inside the context of a window, never after it.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Before(NamedTuple):
    """What was known in front of a window.  Each (B, O)."""

    value: Tensor  # the last number that was observed; where none was, what stands for it
    since: Tensor  # time steps from it to the last step in front of the window
    seen: Tensor  # bool: whether one was observed at all


def last_seen(values: Tensor) -> Tensor:
    """The step (B, T, O) at which a number was observed last, -1 where none was so far."""
    steps = torch.arange(values.shape[1], device=values.device)[:, None]
    return torch.where(values.isnan(), -1, steps).cummax(1).values


def since(values: Tensor, before: Before) -> Tensor:
    """Time steps (B, T, O) since a number was observed; 0 where it is observed now."""
    last, steps = last_seen(values), torch.arange(values.shape[1], device=values.device)[:, None]
    return torch.where(last < 0, before.since[:, None] + steps + 1, steps - last)


def forward(values: Tensor, before: Before) -> Tensor:
    """The last observed number in the place of each missing one (B, T, O)."""
    last = last_seen(values)
    return torch.where(last < 0, before.value[:, None], values.gather(1, last.clamp(min=0)))


def linear(values: Tensor, before: Before, context: int) -> Tensor:
    """A straight line through each gap that ends inside the context; all other gaps are filled forward.

    A gap that is still open at the end of the context, or that no observed number begins, has no line: its other end
    lies ahead, or nowhere.
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
