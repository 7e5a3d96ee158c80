"""Backward passes through pieces of a sequence whose graphs are retained, without another forward pass.

    piece j:   entry_j -> (hidden_j, exit_j)        run once, on copies of the current weights
    window:    dL/dweights = sum over its pieces j of the gradients from hidden_j and, through exit_j, from piece j + 1

The optimizer changes the weights between two windows, which invalidates a graph on the weights themselves.  Every piece
therefore starts at leaves: its entry state and its copies of the weights.  B batch, T time, H hidden.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from unrolled.functional.state import State


class Piece(NamedTuple):
    """Consecutive time steps with their graph."""

    begin: int  # its first time step
    entry: State  # leaves
    hidden: Tensor  # (B, T, H)
    exit: State
    weights: tuple[Tensor, ...]  # leaves, in the order of the task's parameters


def as_leaves(state: State) -> State:
    """A detached copy of the state that receives gradients."""
    return tuple(part.detach().requires_grad_(part.is_floating_point()) for part in state)


class BackwardThroughPieces(torch.autograd.Function):
    """The outputs (B, T, H) of the pieces from step `new` on, as a function of the weights only."""

    @staticmethod
    def forward(ctx: Any, pieces: list[Piece], new: int, *weights: Tensor) -> Tensor:
        ctx.pieces, ctx.new = pieces, new
        return torch.cat([piece.hidden.detach() for piece in pieces if piece.begin >= new], 1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Any:
        totals: list[Tensor | None] = [None] * len(ctx.pieces[-1].weights)
        exit_gradients: list[Tensor | None] = []  # at the exit state of the piece
        for piece in reversed(ctx.pieces):
            pairs = zip(piece.exit, exit_gradients, strict=False)
            reached = [(part, g) for part, g in pairs if g is not None and part.requires_grad]
            if piece.begin >= ctx.new:
                gradient, hidden_gradient = gradient.split(
                    [gradient.shape[1] - piece.hidden.shape[1], piece.hidden.shape[1]], 1
                )
                reached.append((piece.hidden, hidden_gradient))
            if not reached:
                break  # the state was detached after this piece: no gradient flows further back
            outputs, output_gradients = zip(*reached, strict=True)
            entry = [part for part in piece.entry if part.requires_grad]
            sources = [*entry, *piece.weights]
            found = torch.autograd.grad(outputs, sources, output_gradients, retain_graph=True, allow_unused=True)
            entry_gradients = iter(found[: len(entry)])
            exit_gradients = [next(entry_gradients) if part.requires_grad else None for part in piece.entry]
            for k, part in enumerate(found[len(entry) :]):
                total = totals[k]
                totals[k] = total if part is None else part if total is None else total + part
        return None, None, *totals
