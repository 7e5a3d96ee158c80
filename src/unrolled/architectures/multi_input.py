"""Parallel recurrent branches on disjoint input channels, fused into one output.

B batch, T time, F input channels, H outputs.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from unrolled.architectures.base import Described, check_shapes
from unrolled.architectures.branches import build_branch, channel_groups
from unrolled.architectures.recurrent import Gates, Recurrent
from unrolled.errors import InputError
from unrolled.functional.batch import zero_padding
from unrolled.functional.state import State


class MultiInput(Described):
    """One recurrent branch per group of input channels, with fused outputs.

        y^b_t = cell_b(x^b_1, ..., x^b_t)
        linear:  h_t = W [y^1_t; ...; y^n_t] + b         sum:  h_t = y^1_t + ... + y^n_t

    State: the parts of all branches, in order.  Gates: those of the layers of all branches, in order.

    Args:
        branches: for each {features, cell, init_args}: its channels, as a list of indices from 0, or as a number n for
            the first n channels that no earlier branch reads; an exported cell, such as GRU or RecurrentConv; and the
            arguments of the cell.
        fusion: linear, or sum, which needs outputs of one size.
        hidden_size: units H of a linear fusion; null: the sum over all branches.

    Raises:
        InputError: a channel in two branches or in none, an unknown cell or argument, or sizes that do not match.
    """

    order: Tensor  # (F,), channel indices in the order of the branches

    def __init__(
        self,
        *,
        input_size: int,
        branches: list[dict[str, Any]],
        fusion: Literal["linear", "sum"] = "linear",
        hidden_size: int | None = None,
    ) -> None:
        super().__init__()
        groups = channel_groups(branches, input_size)
        widths = [*map(len, groups)]
        made = [build_branch(n, *pair) for n, pair in enumerate(zip(branches, widths, strict=True), 1)]
        sizes = [one.output_size for one in made]
        if fusion not in ("linear", "sum") or (hidden_size is not None and (fusion == "sum" or hidden_size < 1)):
            expected = "fusion linear, with a hidden_size of at least 1 or null, or sum, without hidden_size"
            raise InputError(f"MultiInput: expected {expected}, got {fusion} and {hidden_size}")
        if fusion == "sum" and len({*sizes}) > 1:
            raise InputError(f"MultiInput: fusion sum: expected outputs of one size, got {', '.join(map(str, sizes))}")
        self.branches, self.input_size, self.widths = nn.ModuleList(made), input_size, widths
        self.register_buffer(
            "order", torch.tensor([channel for group in groups for channel in group]), persistent=False
        )
        self.directions = max(one.directions for one in made)
        self.output_size = sizes[0] if fusion == "sum" else hidden_size or sum(sizes)
        self.linear = nn.Linear(sum(sizes), self.output_size) if fusion == "linear" else None

    def initial_state(self, batch_size: int) -> State:
        """The initial states of all branches, in order."""
        return tuple(part for one in self._cells() for part in one.initial_state(batch_size))

    def forward(
        self, inputs: Tensor, state: State | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Outputs (B, T, H) and the final state of `inputs` (B, T, F); `lengths` (B,) as in `Recurrent`."""
        found = [branch(x, part, lengths) for branch, x, part in self._split_inputs(inputs, state)]
        return self._fused([y for y, _ in found], lengths), tuple(part for _, final in found for part in final)

    def trace(
        self, inputs: Tensor, state: State | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, State, list[Gates]]:
        """The same numbers step by step, and every gate by name, layer after layer of each branch."""
        found = [branch.trace(x, part, lengths) for branch, x, part in self._split_inputs(inputs, state)]
        state = tuple(part for _, final, _ in found for part in final)
        return self._fused([y for y, _, _ in found], lengths), state, [layer for *_, gates in found for layer in gates]

    def _cells(self) -> Iterator[Recurrent]:
        yield from cast(Iterable[Recurrent], self.branches)

    def _split_inputs(self, inputs: Tensor, state: State | None) -> Iterator[tuple[Recurrent, Tensor, State | None]]:
        """Each branch with its inputs and its state."""
        check_shapes(inputs, self.input_size, None, [], None)  # each branch checks its state and lengths
        if state is not None and len(state) != (count := sum(one.parts for one in self._cells())):
            raise InputError(f"expected a state of {count} parts, got {len(state)}")
        groups = inputs.index_select(2, self.order).split(self.widths, 2)
        for one, x in zip(self._cells(), groups, strict=True):
            part, state = (None, None) if state is None else (state[: one.parts], state[one.parts :])
            yield one, x, part

    def _fused(self, outputs: Sequence[Tensor], lengths: Tensor | None) -> Tensor:
        if self.linear is None:
            return torch.stack([*outputs]).sum(0)
        return zero_padding(self.linear(torch.cat([*outputs], -1)), lengths)
