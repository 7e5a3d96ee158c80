"""What every recurrent architecture shares: layers, directions, lengths, and two ways to run the same weights.

Shapes: B batch, T time, F input features, H hidden, L layers, D directions (1 or 2).
"""

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from unrolled.architectures.fused_dtype import missing_half
from unrolled.architectures.regularized import NAMES, Regularized, Weights
from unrolled.architectures.shape_checks import refuse_misfits
from unrolled.architectures.stepwise import Through, unchanged
from unrolled.errors import InputError
from unrolled.functional.padding import cleared, last, reverse
from unrolled.functional.state import State


def zone(old: Tensor, new: Tensor, kept: Tensor | float) -> Tensor:
    """`old` where a unit is kept, else `new`, each (B, H).

        s_t = d * s_{t-1} + (1 - d) * s~_t

    `kept` is d: a bool (B, H) in training; in evaluation its expectation, the probability of being kept.

    Source: Krueger et al. 2017, "Zoneout: regularizing RNNs by randomly preserving hidden activations", section 3.
    """
    return torch.lerp(new, old.to(new.dtype), kept) if isinstance(kept, float) else torch.where(kept, old, new)


Gates = dict[str, Tensor]
Run = Callable[[int, Tensor, State, Tensor | None], tuple[Tensor, State]]  # one layer in one direction


class Recurrent(Regularized):
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

    # one layer in one direction, cell number `k`

    def cell(self, size: int) -> nn.Module:
        """The weights from `size` features to H."""
        return self.fused(size, self.hidden_size, batch_first=True)

    def norm(self) -> nn.ModuleDict:
        """Layer norm of one cell."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it normalises")

    def bias(self, w: Weights) -> Tensor:
        """What is added to every gate beside its products, (gates * H,)."""
        return w.b_ih + w.b_hh

    def project(self, w: Weights, x: Tensor) -> Tensor:
        """What the inputs (B, T, F) and the biases give to every gate, (B, T, gates * H): one product for all steps."""
        if w.norms is None:
            return F.linear(x, w.w_ih, self.bias(w))
        return w.norms["inputs"](F.linear(x, w.w_ih)) + self.bias(w)

    def react(self, w: Weights, a: Tensor, h: Tensor) -> Tensor:
        """`a` and what the state `h` (B, H) gives to every gate, (B, gates * H); `w.w_hh` stands transposed."""
        return torch.addmm(a, h, w.w_hh) if w.norms is None else a + w.norms["recurrent"](h @ w.w_hh)

    def step(self, w: Weights, a_t: Tensor, state: State, through: Through) -> Gates:
        """One time step of the equations: every gate and the new state by name, each (B, H).

        `a_t` (B, gates * H) is this step of `project`; `w.w_hh` stands transposed, (H, gates * H); the new state has
        gone through `through`.
        """
        raise NotImplementedError(f"{type(self).__name__} has no equations")

    def run(self, k: int, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        """Outputs (B, T, H) and the final state from a fused call.

        On a CPU without a kernel for the 16-bit type of the call it computes in float32, and rounds what it returns.
        """
        w, half = self.weights(k), missing_half(x, self.cells[k])
        if half is None:
            return self._run_fused(k, w, x, state, lengths)
        wide = w._replace(w_ih=w.w_ih.float(), w_hh=w.w_hh.float(), b_ih=w.b_ih.float(), b_hh=w.b_hh.float())
        with torch.autocast("cpu", enabled=False):
            outputs, final = self._run_fused(k, wide, x.float(), tuple(part.float() for part in state), lengths)
        return outputs.to(half), tuple(part.to(half) for part in final)

    def _run_fused(self, k: int, w: Weights, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        """A fused call on padded rows (packed ones leave the fast CPU path)."""
        outputs, final = self._fused(k, w, x, tuple(part[None] for part in state), lengths)
        if lengths is None:
            return outputs, tuple(part[0] for part in final)
        return cleared(outputs, lengths), (last(outputs, lengths), *(part[0] for part in final[1:]))

    def run_by_step(
        self, k: int, x: Tensor, state: State, lengths: Tensor | None, through: Through
    ) -> tuple[Tensor, State]:
        """The same step by step: every new state goes through `through`."""
        steps, state = self.steps(k, x, state, lengths, through)
        outputs = torch.stack([named["h"] for named in steps]).transpose(0, 1)  # as a fused call lays them out in
        return cleared(outputs, lengths), state  # memory, where a dropout behind them draws its mask in order

    def steps(
        self, k: int, x: Tensor, state: State, lengths: Tensor | None, through: Through
    ) -> tuple[list[Gates], State]:
        """The gates of each step, and the final state."""
        w, zones, names, steps = self.weights(k), self.zones(x), ("h", "c")[: self.parts], []
        turned, inside = w._replace(w_hh=w.w_hh.t()), unchanged if zones[0] else through
        for t, a_t in enumerate(self.project(w, x).unbind(1)):  # indexing step t would make backward O(T^2)
            named = self.step(turned, a_t, state, inside)
            for name, old, kept in zip(names, state, zones[t], strict=False):  # without zoneout there are no zones
                named[name] = through(zone(old, named[name], kept))
            new = tuple(named[name] for name in names)
            if lengths is not None:
                new = tuple(torch.where((t < lengths)[:, None], n, s) for n, s in zip(new, state, strict=True))
            state = new
            steps.append(named)
        return steps, state

    def call(self, k: int, w: Weights, x: Any, state: Any) -> Any:
        """The fused call of cell `k` with the weights `w`."""
        cell = self.cells[k]
        own = ((name, getattr(cell, name)) for name in NAMES)
        changed = {name: new for (name, old), new in zip(own, w[:4], strict=True) if new is not old}
        return functional_call(cell, changed, (x, state)) if changed else cell(x, state)

    def _fused(self, k: int, w: Weights, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        outputs, h = self.call(k, w, x, state[0])
        return outputs, (h,)
