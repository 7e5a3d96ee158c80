"""Gradient norms by lag: the gradient of a loss at the states before it.  B batch, T time, R lags."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from unrolled.functional.batch import has_target
from unrolled.functional.retained_graph import as_leaves

if TYPE_CHECKING:
    from unrolled.tasks.base import SequenceTask


class LagNorms(NamedTuple):
    """Of each row's loss at one step s, for the lags j = 1 ... R."""

    norms: Tensor  # (B, R): the L2 norm of dL_s/dh_{s-j}, over all parts of the state together
    sums: Tensor  # (B, R): the L2 norm of dL_s/dh_{s-1} + ... + dL_s/dh_{s-j}
    seen: Tensor  # (B, R) bool: False at lags from before the first step read, and in rows that were left out


def mean_lags(
    task: SequenceTask, targeted: list[bool], horizon: int, random: torch.Generator
) -> list[tuple[float, float]]:
    """For the lags j = 1 ... R the means of `LagNorms`: (norm, norm of the sum), the same on every process.

    One step of each row is looked at, drawn from those with a target; all of them lie in a stretch of the batch that is
    twice the horizon, so that its graph does not grow with the batch.  Lags that no row has seen are left out.

    Args:
        task: as in `lag_norms`.
        targeted: for each step whether a row of any process has a target there, somewhere at least.
        horizon: the largest lag, within the batch.
        random: equal on every process.
    """
    span = 2 * horizon
    ends = [t + 1 for t, any_row in enumerate(targeted) if any_row and t >= span] or [min(span, len(targeted))]
    end = ends[int(torch.randint(len(ends), (), generator=random))]
    begin = max(0, end - span)
    eligible = has_target(task.batch.targets)[:, begin:end]
    numbers = torch.rand(task.trainer.world_size, len(eligible), generator=random)[task.global_rank]
    steps = pick(eligible, numbers)
    norms, sums, seen = lag_norms(task, torch.where(steps < 0, -1, steps + begin), min(horizon, len(targeted)), begin)
    totals = torch.stack([(norms * seen).sum(0), (sums * seen).sum(0), seen.sum(0)])  # over the rows
    found = task.trainer.strategy.reduce(totals, reduce_op="mean").T.tolist()  # and the processes
    return [(norm / rows, total / rows) for norm, total, rows in found if rows > 0]


def pick(eligible: Tensor, numbers: Tensor) -> Tensor:
    """(B,): one of the steps that are True in each row of `eligible` (B, T), by a number from [0, 1); -1 if none is."""
    order, count = eligible.cumsum(1), eligible.sum(1)
    nth = (numbers.to(count.device) * count).long() + 1
    return torch.where(count > 0, (eligible & (order == nth[:, None])).int().argmax(1), -1)


def lag_norms(task: SequenceTask, steps: Tensor, horizon: int, begin: int = 0) -> LagNorms:
    """Read `task.batch` step by step, and send the loss of row r at step `steps[r]` back through `horizon` lags.

    A reset stops the gradient: lags beyond it are zeros that count as seen.  No parameter's `grad`, no state of
    the task and no random number generator changes.

    Args:
        task: a `SequenceTask` during training, before its first window of the batch.
        steps: (B,) time steps, at which the rows have targets; -1 leaves a row out.
        horizon: lags R.
        begin: the first step of the batch whose graph is kept; no step in `steps` comes before it.
    """
    rows, last = torch.arange(len(steps), device=steps.device), max(begin, int(steps.max()))
    chosen, devices = rows[steps >= 0], [task.device] if task.device.type == "cuda" else []
    autocast = task.trainer.precision_plugin.forward_context()
    with torch.random.fork_rng(devices), torch.enable_grad(), autocast:
        states, outputs = [as_leaves(task.cursor.advance_to(begin))], []
        for t in range(begin, last + 1):
            hidden, state = task(t, t + 1, states[-1])
            outputs.append(hidden)
            states.append(state)
        read = torch.cat(outputs, 1)[chosen, steps[chosen] - begin]
        loss, _ = task.measure(read[:, None], task.batch.targets[chosen, steps[chosen]][:, None])
        learnt = [part.requires_grad for part in states[-1]]  # not an output that is fed back as a constant
        wanted = [[part for part, kept in zip(state, learnt, strict=True) if kept] for state in states[:-1]]
        parts = [part for state in wanted for part in state]
        found = torch.autograd.grad(loss, parts, materialize_grads=True)
    width = len(wanted[0])
    at = [torch.cat([g.reshape(len(rows), -1) for g in found[i : i + width]], 1) for i in range(0, len(found), width)]
    gradient = torch.stack(at, 1)  # (B, steps, everything in a state): at the state before each step
    place = steps[:, None] - begin - torch.arange(horizon, device=steps.device)  # (B, R): the step of lag j = 1, ...
    by_lag = gradient[rows[:, None], place.clamp(min=0)] * (place >= 0)[..., None]
    read_steps = torch.arange(begin, last + 1, device=steps.device)
    was_reset = (task.reset_rows[:, begin : last + 1] & (read_steps <= steps[:, None])).any(1)
    seen = (steps >= 0)[:, None] & ((place >= 0) | was_reset[:, None])
    return LagNorms(by_lag.norm(dim=-1), by_lag.cumsum(1).norm(dim=-1), seen)
