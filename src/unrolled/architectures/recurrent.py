"""What every recurrent architecture shares: layers, directions, lengths, and two ways to run the same weights.

Shapes: B batch, T time, F input features, H hidden, L layers, D directions (1 or 2).
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unrolled.architectures.merged_layer import Gates, Layer
from unrolled.architectures.shape_checks import refuse_misfits
from unrolled.architectures.stepwise import unchanged
from unrolled.errors import InputError
from unrolled.functional.padding import cleared, reverse
from unrolled.functional.state import State

Run = Callable[[int, Tensor, State, Tensor | None], tuple[Tensor, State]]  # one layer in one direction


class Recurrent(Layer):
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

    def __init__(
        self,
        *,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        dropout: float = 0.0,
        bidirectional: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, size in [("input_size", input_size), ("hidden_size", hidden_size), ("num_layers", num_layers)]:
            if size < 1:
                raise InputError(f"{type(self).__name__}: expected {name} of at least 1, got {size}")
        self.refuse_improbable(dropout=dropout)
        self.input_size, self.hidden_size, self.num_layers, self.dropout = input_size, hidden_size, num_layers, dropout
        self.directions = 2 if bidirectional else 1
        self.output_size = hidden_size * self.directions
        sizes = [input_size] + [self.output_size] * (num_layers - 1)
        self.cells = nn.ModuleList(self.cell(size) for size in sizes for _ in range(self.directions))
        self.norms.extend(self.norm() for _ in self.cells if self.layer_norm)

    def initial_state(self, batch_size: int) -> State:
        """Zeros, each part (B, L*D, H)."""
        weight = next(self.parameters())
        return (weight.new_zeros(batch_size, len(self.cells), self.hidden_size),) * self.parts

    def forward(
        self, inputs: Tensor, state: State | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Outputs (B, T, D*H) and the final state, each part (B, L*D, H), of `inputs` (B, T, F): a fused call a layer,
        where zoneout, layer norm or `through` do not ask for single steps.

        With `lengths` (B,), in time steps, what stands in a row behind its length changes nothing: its outputs there
        are zero, and its final state is the one at its own last step.
        """
        through = self.passing()
        by_step = partial(self.run_by_step, through=through or unchanged)
        return self._stack(inputs, state, lengths, self.run if through is None and self.fusible else by_step)

    def trace(
        self, inputs: Tensor, state: State | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, State, list[Gates]]:
        """The same numbers step by step, and every gate by name: for each layer and direction {name: (B, T, H)}."""
        gates: list[Gates] = []

        def run(k: int, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
            steps, state = self.steps(k, x, state, lengths, unchanged)
            gates.append({name: torch.stack([named[name] for named in steps], 1) for name in steps[0]})
            return cleared(gates[-1]["h"], lengths), state

        outputs, state = self._stack(inputs, state, lengths, run)
        for backward in gates[1::2] if self.directions > 1 else []:  # it ran back to front; its gates are told in order
            backward.update({name: reverse(gate, lengths) for name, gate in backward.items()})
        return outputs, state, gates

    def _stack(self, x: Tensor, state: State | None, lengths: Tensor | None, run: Run) -> tuple[Tensor, State]:
        state = self.initial_state(len(x)) if state is None else state
        refuse_misfits(x, self.input_size, state, [(len(self.cells), self.hidden_size)] * self.parts, lengths)
        self.masks.begin()
        x = self.veil("inputs", cleared(x, lengths), self.variational_input)
        finals = []
        for layer in range(self.num_layers):
            if layer > 0 and self.dropout > 0 and self.training:
                x = F.dropout(x.contiguous(), self.dropout)  # contiguous: the same mask on each path
            if layer > 0:
                x = self.veil(f"outputs of layer {layer}", x, self.variational_dropout)
            outputs = []
            for direction in range(self.directions):
                k = layer * self.directions + direction
                begin = tuple(part[:, k].contiguous() for part in state)
                y, final = run(k, reverse(x, lengths) if direction else x, begin, lengths)
                outputs.append(reverse(y, lengths) if direction else y)
                finals.append(final)
            x = torch.cat(outputs, -1) if self.directions > 1 else outputs[0]
        x = self.veil("outputs", x, self.variational_output)
        return x, tuple(torch.stack(part, 1) for part in zip(*finals, strict=True))
