"""Recurrent decoder with attention over the source.

B batch, T target steps, S source steps, E inputs, H hidden, V values.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unrolled.architectures.attention import Attention
from unrolled.architectures.base import identity_hook
from unrolled.architectures.recurrent import Recurrent
from unrolled.architectures.source_encoder import Memory
from unrolled.errors import InputError
from unrolled.functional.state import State

Step = Callable[[Tensor, Tensor, State], tuple[Tensor, State]]  # input, fed-back output, state -> (B, H), state


class AttentionDecoder(nn.Module):
    """A recurrent cell with attention over the source at each step.

        h_t = cell([x_t; a_{t-1}], h_{t-1})           a only with input feeding
        c_t = sum_s weight_ts value_s                 weights of the query h_t
        a_t = tanh(W [c_t; h_t])                      the output

    Without attention a_t = h_t, and only the initial state carries information about the source.  Without input feeding
    each equation is one call for all steps; with it only the keys and the product of the inputs x_t are.

    State: the parts of the cell, then a_{t-1} (B, H) with input feeding, then the summed weights (B, S) with coverage.
    Source: Luong, Pham & Manning 2015, "Effective approaches to attention-based neural machine translation".

    Args:
        cell: in one direction; with input feeding its input size is E + H.
        attention: None for a decoder without attention.
        value_size: features V of each encoder output.
        input_feeding: whether a_{t-1} is concatenated to the next input.

    Raises:
        InputError: input feeding without attention, or coverage without input feeding.
    """

    def __init__(self, cell: Recurrent, attention: Attention | None, value_size: int, input_feeding: bool) -> None:
        super().__init__()
        if input_feeding and attention is None:
            raise InputError("attention: input_feeding needs an attention, got none; set input_feeding: false")
        self.uses_coverage = attention is not None and attention.cover is not None
        if self.uses_coverage and not input_feeding:
            raise InputError("attention: coverage needs input_feeding: true, got false")
        self.cell, self.attention, self.input_feeding = cell, attention, input_feeding
        self.output_size = cell.hidden_size
        self.combine = nn.Linear(value_size + self.output_size, self.output_size, bias=False) if attention else None

    def initial_state(self, batch_size: int, memory: Memory | None = None) -> State:
        """The state before the first step: from `memory`, or zeros without one."""
        state = self.cell.initial_state(batch_size) if memory is None else memory.start
        if self.input_feeding:
            state = (*state, state[0].new_zeros(batch_size, self.output_size))
        if self.uses_coverage:
            state = (*state, state[0].new_zeros(batch_size, 1 if memory is None else memory.mask.shape[1]))
        return state

    def forward(self, inputs: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """Outputs (B, T, H) and the final state of `inputs` (B, T, E)."""
        outputs, state, _ = self.run(inputs, state, memory)
        return outputs, state

    def run(self, inputs: Tensor, state: State, memory: Memory) -> tuple[Tensor, State, list[Tensor]]:
        """Outputs, state and attention weights: (B, S) for each step, or one (B, T, S) for all steps."""
        if self.input_feeding:
            return self._step_by_step(inputs, state, memory)
        hidden, state = self.cell(inputs, state)
        outputs, weights = self.attend(hidden, memory, None)
        return outputs, state, [] if weights is None else [weights]

    def attend(self, hidden: Tensor, memory: Memory, coverage: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """The outputs (B, T, H) and the weights (B, T, S) of the cell's outputs (B, T, H)."""
        if self.attention is None or self.combine is None:
            return hidden, None
        weights = self.attention(hidden, memory.keys, memory.mask, coverage)
        return torch.tanh(self.combine(torch.cat([weights @ memory.values, hidden], -1))), weights

    def _step_by_step(self, inputs: Tensor, state: State, memory: Memory) -> tuple[Tensor, State, list[Tensor]]:
        parts = self.cell.parts
        fed, coverage = state[parts], state[-1] if self.uses_coverage else None
        if self.cell.fusible and not self.cell.masks.enabled:
            projected, step = self._split(inputs)
        else:  # layer norm and dropout of the concatenated input rule out a split product
            projected, step = inputs, self._full_step
        inner, outputs, attended = state[:parts], [], []
        for x_t in projected.unbind(1):
            hidden, inner = step(x_t, fed, inner)
            output, weights = self.attend(hidden[:, None], memory, coverage)
            assert weights is not None
            fed, step_weights = output[:, 0], weights[:, 0]
            coverage = None if coverage is None else coverage + step_weights
            outputs.append(fed)
            attended.append(step_weights)
        return torch.stack(outputs, 1), (*inner, fed, *([] if coverage is None else [coverage])), attended

    def _full_step(self, x_t: Tensor, fed: Tensor, state: State) -> tuple[Tensor, State]:
        """One step of the cell on the concatenated input: outputs (B, H) and state."""
        hidden, state = self.cell(torch.cat([x_t, fed], -1)[:, None], state)
        return hidden[:, 0], state

    def _split(self, inputs: Tensor) -> tuple[Tensor, Step]:
        """The first layer's product of the inputs (B, T, E), and a step function that adds the product of a_{t-1}."""
        cell, hook = self.cell, self.cell.active_hook() or identity_hook
        weights = [cell.weights(k) for k in range(cell.num_layers)]
        transposed = [w.with_w_hh_transposed() for w in weights]
        feed = weights[0].w_ih[:, inputs.shape[2] :].t()  # the columns of the first layer that read a_{t-1}

        def step(projected: Tensor, fed: Tensor, state: State) -> tuple[Tensor, State]:
            gates, below, layers = torch.addmm(projected, fed, feed), fed, []
            for k, w in enumerate(weights):
                if k > 0:
                    gates = cell.project(w, F.dropout(below, cell.dropout, self.training))
                named = cell.step(transposed[k], gates, tuple(part[:, k] for part in state), hook)
                layers.append(tuple(named[name] for name in ("h", "c")[: cell.parts]))
                below = layers[k][0]
            return below, tuple(torch.stack(part, 1) for part in zip(*layers, strict=True))

        return cell.project(weights[0], F.pad(inputs, (0, self.output_size))), step
