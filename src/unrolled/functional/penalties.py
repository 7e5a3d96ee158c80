"""What is added to a loss.  B batch, T time, H hidden."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from unrolled.functional.state import State, detach, restart


def weight_penalty(weights: Iterable[Tensor], l1: float, l2: float) -> Tensor:
    """l1 * sum |w| + l2 * sum w^2; a term whose factor is 0 is not computed."""
    weights = [*weights]
    terms = [l1 * torch.stack([w.abs().sum() for w in weights]).sum()] if l1 else []
    terms += [l2 * torch.stack([w.square().sum() for w in weights]).sum()] if l2 else []
    return torch.stack(terms).sum()


def up_to_last(marks: Tensor) -> Tensor:
    """(B, T) bool: the steps of each row up to its last True of `marks` (B, T)."""
    return marks.flip(1).cumsum(1).flip(1) > 0


def activation_penalty(hidden: Tensor, steps: Tensor) -> Tensor:
    """The sum over `steps` (B, T) of the mean square of the outputs (B, T, H)."""
    return (hidden.square().mean(-1) * steps).sum()


def temporal_activation_penalty(hidden: Tensor, steps: Tensor) -> Tensor:
    """The sum over `steps` (B, T - 1) of the mean squared difference of each output to the one before it."""
    return (hidden.diff(dim=1).square().mean(-1) * steps).sum()


Advance = Callable[[Tensor, State], tuple[Tensor, State]]  # inputs (B, 1, F), state -> outputs (B, 1, H), state


class Segment(NamedTuple):
    """A stretch of time that was read in one call."""

    inputs: Tensor  # (B, T, F)
    state: State  # that it began with
    anew: Tensor  # (B,) bool: the rows that began with it; the others went on from the stretch before


class Transition(NamedTuple):
    """One time step of B rows."""

    inputs: Tensor  # (B, 1, F)
    state: State  # x_k, in front of it
    error: State  # dE/dx_{k+1}, of the state behind it
    counts: Tensor  # (B,) bool: whether x_k is the state behind another step


def read_segments(calls: Sequence[tuple[Tensor, State]], anew: Tensor, dtype: torch.dtype) -> list[Segment]:
    """What calls of (inputs, state) read, in `dtype`; the last ends with `anew` (B, T) bool, where rows start anew."""
    begin, found = anew.shape[1] - sum(inputs.shape[1] for inputs, _ in calls), []
    for inputs, state in calls:
        found.append(Segment(inputs.to(dtype), tuple(part.to(dtype) for part in state), anew[:, begin]))
        begin += inputs.shape[1]
    return found


def transitions(advance: Advance, reads: Sequence[Segment], direct: Tensor) -> list[Transition]:
    """The time steps of a window, with the error that arrives behind each.

    Args:
        advance: one time step, differentiable.
        reads: what the window read, in order.
        direct: (B, T, H), the error at the last of its outputs, which are the last layer's h: the first part of a
            state (B, L, H).
    """
    before: list[Transition] = []
    outputs, after = [], []
    with torch.enable_grad():
        state = reads[0].state
        for number, read in enumerate(reads):
            state = restart(state, read.anew, read.state)
            for t, x in enumerate(read.inputs.split(1, 1)):
                goes_on = ~read.anew if t == 0 else torch.ones_like(read.anew)
                before.append(Transition(x, detach(state), (), goes_on & (number + t > 0)))
                output, state = advance(x, state)
                outputs.append(output)
                after.append(state)
    direct = pad(direct, (0, 0, len(outputs) - direct.shape[1], 0))  # no loss counts in front of it
    parts = [part for state in after for part in state]
    found = iter(torch.autograd.grad(torch.cat(outputs, 1), parts, direct, materialize_grads=True))
    made = []
    for transition, state, error in zip(before, after, direct.unbind(1), strict=True):
        first, *others = [next(found) for _ in state]
        arrived = torch.cat([first[:, :-1], first[:, -1:] + error[:, None]], 1)
        made.append(transition._replace(error=(arrived, *others)))
    return made


def omega(advance: Advance, steps: Sequence[Transition]) -> Tensor:
    """Summed over the time steps and rows that count: how far each changes the norm of the error that passes it.

        Omega_k = ( ||dE/dx_{k+1} dx_{k+1}/dx_k|| / ||dE/dx_{k+1}|| - 1 )^2

    Its gradient takes x_k and dE/dx_{k+1} for constants.  A step that no error arrives at does not count.
    """
    width = len(steps[0].state)
    state = tuple(torch.cat([step.state[i] for step in steps]).requires_grad_() for i in range(width))
    error = [torch.cat([step.error[i] for step in steps]) for i in range(width)]
    whole = torch.cat([part.flatten(1) for part in error], 1)
    largest = whole.abs().amax(1).clamp(min=torch.finfo(whole.dtype).tiny)  # a square of what is left after many steps
    norm = (whole / largest[:, None]).norm(dim=1) * largest  # would be 0
    counts = torch.cat([step.counts for step in steps]) & (norm > 0)
    unit = [part / torch.where(counts, norm, 1.0).view(-1, *[1] * (part.dim() - 1)) for part in error]
    with torch.enable_grad():
        _, after = advance(torch.cat([step.inputs for step in steps]), state)
        passed = torch.autograd.grad(after, state, unit, create_graph=True)
    squares = torch.stack([part.flatten(1).square().sum(1) for part in passed]).sum(0)
    ratio = torch.where(counts & (squares > 0), squares, 1.0).sqrt()  # the root has no slope at 0
    return torch.where(squares > 0, (ratio - 1).square(), 1.0)[counts].sum()
