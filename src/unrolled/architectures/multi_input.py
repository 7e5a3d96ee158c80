"""Several recurrent stacks side by side, each with inputs of its own.  B batch, T time, F input channels, H outputs."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from unrolled.architectures.branches import build, channel_groups
from unrolled.architectures.described import Described
from unrolled.architectures.recurrent import Gates, Recurrent
from unrolled.architectures.shape_checks import refuse_misfits
from unrolled.errors import InputError
from unrolled.functional.padding import cleared
from unrolled.functional.state import State


class MultiInput(Described):
    """A branch for each group of input channels, and one output of all of them.

        y^b_t = cell_b(x^b_1, ..., x^b_t)
        linear:  h_t = W [y^1_t; ...; y^n_t] + b         sum:  h_t = y^1_t + ... + y^n_t

    State: the parts of each branch's, one branch after the other.  Gates: those of each branch's layers, likewise.

    Args:
        branches: of each {features, cell, init_args}: the channels that it reads, as a list of their places, from 0, or
            as a number: so many of the first that no branch before it reads; RNN, LSTM, GRU, GRUD or RecurrentConv; and
            its arguments.
        fusion: linear, or sum, of outputs of one size.
        hidden_size: units H of a linear fusion; null: as many as all branches have together.

    Raises:
        InputError: a channel of two branches or of none, an unknown cell or argument, sizes that do not fit together.
    """

    order: Tensor  # (F,), the channels as the branches read them, one branch after the other

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
        made = [build(n, *pair) for n, pair in enumerate(zip(branches, widths, strict=True), 1)]
        sizes = [one.output_size for one in made]
        if fusion not in ("linear", "sum") or (hidden_size is not None and (fusion == "sum" or hidden_size < 1)):
            told = "fusion of linear, with a hidden_size of at least 1 or null, or of sum, without one"
            raise InputError(f"MultiInput: expected {told}, got {fusion} and {hidden_size}")
        if fusion == "sum" and len({*sizes}) > 1:
            raise InputError(f"MultiInput: fusion sum: expected outputs of one size, got {', '.join(map(str, sizes))}")
        self.branches, self.input_size, self.widths = nn.ModuleList(made), input_size, widths
        self.register_buffer("order", torch.tensor([place for own in groups for place in own]), persistent=False)
        self.directions = max(one.directions for one in made)
        self.output_size = sizes[0] if fusion == "sum" else hidden_size or sum(sizes)
        self.linear = nn.Linear(sum(sizes), self.output_size) if fusion == "linear" else None

    def initial_state(self, batch_size: int) -> State:
        """Of each branch its own."""
        return tuple(part for one in self._cells() for part in one.initial_state(batch_size))

    def forward(
        self, inputs: Tensor, state: State | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Outputs (B, T, H) and the final state of `inputs` (B, T, F); with `lengths` (B,) as in each branch."""
        found = [one(x, own, lengths) for one, x, own in self._shares(inputs, state)]
        return self._fused([y for y, _ in found], lengths), tuple(part for _, final in found for part in final)

    def trace(
        self, inputs: Tensor, state: State | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, State, list[Gates]]:
        """The same numbers step by step, and every gate by name, layer after layer of each branch."""
        found = [one.trace(x, own, lengths) for one, x, own in self._shares(inputs, state)]
        state = tuple(part for _, final, _ in found for part in final)
        return self._fused([y for y, _, _ in found], lengths), state, [layer for *_, gates in found for layer in gates]

    def _cells(self) -> Iterator[Recurrent]:
        yield from cast(Iterable[Recurrent], self.branches)

    def _shares(self, inputs: Tensor, state: State | None) -> Iterator[tuple[Recurrent, Tensor, State | None]]:
        """Each branch, its inputs and its state."""
        refuse_misfits(inputs, self.input_size, None, [], None)  # the rest is each branch's own
        if state is not None and len(state) != (count := sum(one.parts for one in self._cells())):
            raise InputError(f"expected a state of {count} parts, got {len(state)}")
        shares = inputs.index_select(2, self.order).split(self.widths, 2)
        for one, x in zip(self._cells(), shares, strict=True):
            own, state = (None, None) if state is None else (state[: one.parts], state[one.parts :])
            yield one, x, own

    def _fused(self, outputs: Sequence[Tensor], lengths: Tensor | None) -> Tensor:
        if self.linear is None:
            return torch.stack([*outputs]).sum(0)
        return cleared(self.linear(torch.cat([*outputs], -1)), lengths)
