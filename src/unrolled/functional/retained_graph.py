"""Back-propagate through pieces of a sequence that were run before, without running them again.

    piece j:   entry_j -> (hidden_j, exit_j)        run once, on copies of the weights as they were then
    window:    dL/dweights = sum over its pieces of what flows back from hidden_j and, through exit_j, from j + 1

The optimiser moves the weights between two windows, so that a graph on the weights themselves would be of no use to the
next window.  Every piece therefore begins at leaves: its entry state and its copies.  B batch, T time, H hidden.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from unrolled.functional.state import State


class Piece(NamedTuple):
    """A stretch of time steps with its graph."""

    begin: int  # its first time step
    entry: State  # leaves
    hidden: Tensor  # (B, T, H)
    exit: State
    weights: tuple[Tensor, ...]  # leaves, in the order of the task's parameters


def as_leaves(state: State) -> State:
    """A cut: the same numbers, at which a gradient arrives."""
    return tuple(part.detach().requires_grad_(part.is_floating_point()) for part in state)


class BackwardThroughPieces(torch.autograd.Function):
    """The outputs (B, T, H) of the pieces from step `new` on, as a function of the weights alone."""

    @staticmethod
    def forward(ctx: Any, pieces: list[Piece], new: int, *weights: Tensor) -> Tensor:
        ctx.pieces, ctx.new = pieces, new
        return torch.cat([piece.hidden.detach() for piece in pieces if piece.begin >= new], 1)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> Any:
        totals: list[Tensor | None] = [None] * len(ctx.pieces[-1].weights)
        behind: list[Tensor | None] = []  # what arrives at the piece's exit state
        for piece in reversed(ctx.pieces):
            arrived = zip(piece.exit, behind, strict=False)
            reached = [(part, g) for part, g in arrived if g is not None and part.requires_grad]
            if piece.begin >= ctx.new:
                gradient, mine = gradient.split([gradient.shape[1] - piece.hidden.shape[1], piece.hidden.shape[1]], 1)
                reached.append((piece.hidden, mine))
            if not reached:
                break  # the state was cut between the two: nothing flows further back
            outputs, arriving = zip(*reached, strict=True)
            entry = [part for part in piece.entry if part.requires_grad]
            sources = [*entry, *piece.weights]
            found = torch.autograd.grad(outputs, sources, arriving, retain_graph=True, allow_unused=True)
            flowing = iter(found[: len(entry)])
            behind = [next(flowing) if part.requires_grad else None for part in piece.entry]
            for k, part in enumerate(found[len(entry) :]):
                known = totals[k]
                totals[k] = known if part is None else part if known is None else known + part
        return None, None, *totals
