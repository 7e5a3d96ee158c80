"""What every recurrent architecture shares: layers, directions, lengths, and two ways to run the same weights.

Shapes: B batch, T time, F input features, H hidden, L layers, D directions (1 or 2).
"""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unrolled.architectures.stepwise import Stepwise, Through, unchanged
from unrolled.errors import InputError
from unrolled.functional.masks import last, reverse, within
from unrolled.functional.state import State

Gates = dict[str, Tensor]
Run = Callable[[nn.RNNBase, Tensor, State, Tensor | None], tuple[Tensor, State]]  # one layer in one direction


class Recurrent(Stepwise):
    """A stack of recurrent layers.  Concrete in `RNN`, `LSTM` and `GRU`.

    Each layer and direction is one single-layer torch module, so that dropout stays outside the fused call, where a
    seed reproduces it on every device.

    Args:
        input_size: features F of each time step.
        hidden_size: units H of each layer and direction.
        num_layers: how many layers L are stacked.
        dropout: probability that an output between two layers is zeroed in training.
        bidirectional: whether a second stack reads each row from its end to its start.

    Raises:
        InputError: a size below 1, or a dropout outside [0, 1).
    """

    fused: ClassVar[Callable[..., nn.RNNBase]]  # nn.RNN, nn.LSTM or nn.GRU
    parts: ClassVar[int] = 1  # tensors in the state: h, and c in an LSTM

    def __init__(
        self,
        *,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        dropout: float = 0.0,
        bidirectional: bool = False,
    ) -> None:
        super().__init__()
        for name, size in [("input_size", input_size), ("hidden_size", hidden_size), ("num_layers", num_layers)]:
            if size < 1:
                raise InputError(f"{type(self).__name__}: expected {name} of at least 1, got {size}")
        if not 0 <= dropout < 1:
            raise InputError(f"{type(self).__name__}: expected dropout in [0, 1), got {dropout}")
        self.input_size, self.hidden_size, self.num_layers, self.dropout = input_size, hidden_size, num_layers, dropout
        self.directions = 2 if bidirectional else 1
        self.output_size = hidden_size * self.directions
        sizes = [input_size] + [self.output_size] * (num_layers - 1)
        self.cells = nn.ModuleList(self.cell(size) for size in sizes for _ in range(self.directions))

    def cell(self, size: int) -> nn.RNNBase:
        """One layer in one direction, from `size` features to H."""
        return self.fused(size, self.hidden_size, batch_first=True)

    def initial_state(self, batch_size: int) -> State:
        """Zeros, each part (B, L*D, H)."""
        weight = next(self.parameters())
        return (weight.new_zeros(batch_size, len(self.cells), self.hidden_size),) * self.parts

    def forward(
        self, inputs: Tensor, state: State | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Outputs (B, T, D*H) and the final state, each part (B, L*D, H), of `inputs` (B, T, F): a fused call a layer.

        With `lengths` (B,), in time steps, what stands in a row behind its length changes nothing: its outputs there
        are zero, and its final state is the one at its own last step.
        """
        through = self.passing()
        run = self._run if through is None else partial(self._run_by_step, through=through)
        return self._stack(inputs, state, lengths, run)

    def trace(
        self, inputs: Tensor, state: State | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, State, list[Gates]]:
        """The same numbers step by step, and every gate by name: for each layer and direction {name: (B, T, H)}."""
        gates: list[Gates] = []

        def run(cell: nn.RNNBase, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
            steps, state = self._steps(cell, x, state, lengths, unchanged)
            gates.append({name: torch.stack([named[name] for named in steps], 1) for name in steps[0]})
            return _cleared(gates[-1]["h"], lengths), state

        outputs, state = self._stack(inputs, state, lengths, run)
        for backward in gates[1::2] if self.directions > 1 else []:  # it ran back to front; its gates are told in order
            backward.update({name: reverse(gate, lengths) for name, gate in backward.items()})
        return outputs, state, gates

    def project(self, cell: nn.RNNBase, x: Tensor) -> Tensor:
        """What the inputs (B, T, F) and the biases give to every gate, (B, T, gates * H): one product for all steps."""
        w_ih, _, b_ih, b_hh = cell.all_weights[0]
        return F.linear(x, w_ih, b_ih + b_hh)

    def step(self, recurrent: tuple[Tensor, Tensor], a_t: Tensor, state: State, through: Through) -> Gates:
        """One time step of the equations: every gate and the new state by name, each (B, H).

        `a_t` (B, gates * H) is this step of `project`; `recurrent` is W_h* transposed (H, gates * H) and b_h*; the new
        state has gone through `through`.
        """
        raise NotImplementedError(f"{type(self).__name__} has no equations")

    def _stack(self, x: Tensor, state: State | None, lengths: Tensor | None, run: Run) -> tuple[Tensor, State]:
        state = self.initial_state(len(x)) if state is None else state
        self._check(x, state, lengths)
        x = _cleared(x, lengths)
        finals = []
        for layer in range(self.num_layers):
            if layer > 0 and self.dropout > 0 and self.training:
                x = F.dropout(x.contiguous(), self.dropout)  # contiguous: the same mask on each path
            outputs = []
            for direction in range(self.directions):
                k = layer * self.directions + direction
                cell: Any = self.cells[k]
                begin = tuple(part[:, k].contiguous() for part in state)
                y, final = run(cell, reverse(x, lengths) if direction else x, begin, lengths)
                outputs.append(reverse(y, lengths) if direction else y)
                finals.append(final)
            x = torch.cat(outputs, -1) if self.directions > 1 else outputs[0]
        return x, tuple(torch.stack(part, 1) for part in zip(*finals, strict=True))

    def _run(self, cell: nn.RNNBase, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        """One layer in one direction as a fused call on padded rows (packed ones leave the fast CPU path)."""
        outputs, final = self._fused(cell, x, tuple(part[None] for part in state), lengths)
        if lengths is None:
            return outputs, tuple(part[0] for part in final)
        return _cleared(outputs, lengths), (last(outputs, lengths), *(part[0] for part in final[1:]))

    def _run_by_step(
        self, cell: nn.RNNBase, x: Tensor, state: State, lengths: Tensor | None, through: Through
    ) -> tuple[Tensor, State]:
        """The same step by step: every new state goes through `through`."""
        steps, state = self._steps(cell, x, state, lengths, through)
        outputs = torch.stack([named["h"] for named in steps]).transpose(0, 1)  # as a fused call lays them out in
        return _cleared(outputs, lengths), state  # memory, where a dropout behind them draws its mask in order

    def _steps(
        self, cell: nn.RNNBase, x: Tensor, state: State, lengths: Tensor | None, through: Through
    ) -> tuple[list[Gates], State]:
        """The gates of each step, and the final state."""
        _, w_hh, _, b_hh = cell.all_weights[0]
        recurrent, steps = (w_hh.t(), b_hh), []
        for t, a_t in enumerate(self.project(cell, x).unbind(1)):  # indexing step t would make backward O(T^2)
            named = self.step(recurrent, a_t, state, through)
            new = tuple(named[part] for part in ("h", "c")[: self.parts])
            if lengths is not None:
                new = tuple(torch.where((t < lengths)[:, None], n, s) for n, s in zip(new, state, strict=True))
            state = new
            steps.append(named)
        return steps, state

    def _fused(self, cell: nn.RNNBase, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        outputs, h = cell(x, state[0])
        return outputs, (h,)

    def _check(self, x: Tensor, state: State, lengths: Tensor | None) -> None:
        if x.dim() != 3 or x.shape[2] != self.input_size:
            raise InputError(f"expected inputs (B, T, {self.input_size}), got {tuple(x.shape)}")
        if x.shape[1] < 1:
            raise InputError(f"expected inputs of at least 1 time step, got {tuple(x.shape)}")
        wanted, given = [(len(x), len(self.cells), self.hidden_size)] * self.parts, [tuple(s.shape) for s in state]
        if given != wanted:
            raise InputError(f"expected a state of {wanted}, batch first, got {given}")
        if lengths is not None and lengths.shape != x.shape[:1]:
            raise InputError(f"expected a length for each of {len(x)} rows, got {tuple(lengths.shape)}")
        if lengths is not None and (wrong := ((lengths < 1) | (lengths > x.shape[1])).nonzero()).numel():
            row = int(wrong[0])
            raise InputError(f"row {row}: expected a length from 1 to {x.shape[1]} time steps, got {int(lengths[row])}")


def _cleared(x: Tensor, lengths: Tensor | None) -> Tensor:
    """`x` (B, T, F) with zeros behind each row's length, whatever stood there."""
    return x if lengths is None else x.masked_fill(~within(lengths, x.shape[1])[..., None], 0)
