"""Penalties on weights, on activations, and on vanishing gradients.  B batch, T time, F features, H hidden, L layers.

    weights                  l1 * sum |w| + l2 * sum w^2
    activations              AR and TAR: the mean square of the outputs, and of their differences in time
    vanishing gradients      Omega: how far each time step changes the norm of the error that flows back through it

Sources: Merity, McCann & Socher 2017, "Revisiting activation regularization for language RNNs" (AR, TAR); Pascanu,
Mikolov & Bengio 2013, "On the difficulty of training recurrent neural networks", section 3.3 (Omega).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from unrolled.functional.state import State, detach, restart


def weight_penalty(weights: Iterable[Tensor], l1: float, l2: float) -> Tensor:
    """l1 * sum |w| + l2 * sum w^2; a term with factor 0 is not computed."""
    weights = [*weights]
    terms = [l1 * torch.stack([w.abs().sum() for w in weights]).sum()] if l1 else []
    terms += [l2 * torch.stack([w.square().sum() for w in weights]).sum()] if l2 else []
    return torch.stack(terms).sum()


def up_to_last(marks: Tensor) -> Tensor:
    """(B, T) bool: the steps of each sequence up to its last True of `marks` (B, T)."""
    return marks.flip(1).cumsum(1).flip(1) > 0


def activation_penalty(hidden: Tensor, steps: Tensor) -> Tensor:
    """Activation regularization (AR): the sum over `steps` (B, T) of the mean square of the outputs (B, T, H)."""
    return (hidden.square().mean(-1) * steps).sum()


def temporal_activation_penalty(hidden: Tensor, steps: Tensor) -> Tensor:
    """Temporal activation regularization (TAR): the sum over `steps` (B, T - 1) of the mean squared difference of
    consecutive outputs (B, T, H)."""
    return (hidden.diff(dim=1).square().mean(-1) * steps).sum()


Advance = Callable[[Tensor, State], tuple[Tensor, State]]  # inputs (B, 1, F), state -> outputs (B, 1, H), state


class Segment(NamedTuple):
    """Consecutive time steps that were read in one call."""

    inputs: Tensor  # (B, T, F)
    state: State  # the state before its first step
    resets: Tensor  # (B,) bool: sequences that were reset to `state`; the others continue from the previous segment


class Transition(NamedTuple):
    """One time step of B sequences."""

    inputs: Tensor  # (B, 1, F)
    state: State  # x_k, before the step
    error: State  # dE/dx_{k+1}, of the state after the step
    counts: Tensor  # (B,) bool: whether x_k is the state after an earlier step


def read_segments(calls: Sequence[tuple[Tensor, State]], resets: Tensor, dtype: torch.dtype) -> list[Segment]:
    """The segments that calls of (inputs, state) read, in `dtype`; `resets` (B, T) bool ends with the last call."""
    begin, segments = resets.shape[1] - sum(inputs.shape[1] for inputs, _ in calls), []
    for inputs, state in calls:
        segments.append(Segment(inputs.to(dtype), tuple(part.to(dtype) for part in state), resets[:, begin]))
        begin += inputs.shape[1]
    return segments


def transitions(advance: Advance, segments: Sequence[Segment], direct: Tensor) -> list[Transition]:
    """The time steps of a window, each with the error at the state after it.

    Args:
        advance: one differentiable time step.
        segments: the segments of the window, in order.
        direct: (B, T, H), the error at the last T outputs, which are the last layer's h: the first part of a state
            (B, L, H).
    """
    before: list[Transition] = []
    outputs, after = [], []
    with torch.enable_grad():
        state = segments[0].state
        for number, segment in enumerate(segments):
            state = restart(state, segment.resets, segment.state)
            for t, x in enumerate(segment.inputs.split(1, 1)):
                continues = ~segment.resets if t == 0 else torch.ones_like(segment.resets)
                before.append(Transition(x, detach(state), (), continues & (number + t > 0)))
                output, state = advance(x, state)
                outputs.append(output)
                after.append(state)
    direct = pad(direct, (0, 0, len(outputs) - direct.shape[1], 0))  # earlier outputs have no loss
    parts = [part for state in after for part in state]
    gradients = iter(torch.autograd.grad(torch.cat(outputs, 1), parts, direct, materialize_grads=True))
    completed = []
    for transition, state, error in zip(before, after, direct.unbind(1), strict=True):
        first, *others = [next(gradients) for _ in state]
        last_layer = torch.cat([first[:, :-1], first[:, -1:] + error[:, None]], 1)
        completed.append(transition._replace(error=(last_layer, *others)))
    return completed


def omega(advance: Advance, steps: Sequence[Transition]) -> Tensor:
    """Omega: the squared relative change of the error's norm, summed over the time steps and sequences that count.

        Omega_k = ( ||dE/dx_{k+1} dx_{k+1}/dx_k|| / ||dE/dx_{k+1}|| - 1 )^2

    x_k and dE/dx_{k+1} are treated as constants.  A step without an error does not count.
    """
    width = len(steps[0].state)
    state = tuple(torch.cat([step.state[i] for step in steps]).requires_grad_() for i in range(width))
    error = [torch.cat([step.error[i] for step in steps]) for i in range(width)]
    flat = torch.cat([part.flatten(1) for part in error], 1)
    largest = flat.abs().amax(1).clamp(min=torch.finfo(flat.dtype).tiny)  # scaled, because the square of a
    norm = (flat / largest[:, None]).norm(dim=1) * largest  # vanished error underflows
    counts = torch.cat([step.counts for step in steps]) & (norm > 0)
    unit = [part / torch.where(counts, norm, 1.0).view(-1, *[1] * (part.dim() - 1)) for part in error]
    with torch.enable_grad():
        _, after = advance(torch.cat([step.inputs for step in steps]), state)
        passed = torch.autograd.grad(after, state, unit, create_graph=True)
    squares = torch.stack([part.flatten(1).square().sum(1) for part in passed]).sum(0)
    ratio = torch.where(counts & (squares > 0), squares, 1.0).sqrt()  # the gradient of a root at 0 is infinite
    return torch.where(squares > 0, (ratio - 1).square(), 1.0)[counts].sum()
