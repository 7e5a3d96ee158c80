"""Base class of the recurrent architectures: a stack of layers that runs fused or step by step on the same weights.

Shapes: B batch, T time, F input features, H hidden, L layers, D directions (1 or 2), G gates.
"""

from collections.abc import Callable
from functools import partial
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unrolled.architectures.base import StateHook, Stepwise, check_shapes, identity_hook
from unrolled.architectures.dropout_masks import Masks, check_probabilities
from unrolled.architectures.fused_call import WEIGHT_NAMES, Weights, fused_call, unsupported_half_dtype
from unrolled.architectures.zoneout import draw_zoneout, zoneout
from unrolled.errors import InputError
from unrolled.functional.batch import last_outputs, reverse_sequences, zero_padding
from unrolled.functional.state import State

Gates = dict[str, Tensor]
RunCell = Callable[[int, Tensor, State, Tensor | None], tuple[Tensor, State]]  # one layer in one direction


class Recurrent(Stepwise):
    """A stack of recurrent layers, with optional dropout, zoneout and layer norm.  Base class of every recurrent cell.

    A cell overrides `step`, its equations, and sets `fused`, its torch module.  A cell without one overrides
    `make_cell`, for a module with torch's four weight names (`WEIGHT_NAMES`), and `fusible`, which is False.  A cell
    with layer norm overrides `make_norms`.

    Each layer and direction is one single-layer torch module, so that dropout is applied outside the fused call,
    where a seed reproduces it on every device.

    Regularization that is 0 or false changes no bit of the result.  The masks of `variational_*` and `weight_drop` are
    drawn once for all time steps of a window (of a call, if no task is training) and keep the fused call; `zoneout` and
    `layer_norm` run step by step, in evaluation too.

    Sources: variational dropout on inputs and outputs: Gal & Ghahramani 2016, "A theoretically grounded application of
    dropout in recurrent neural networks".  Weight drop: DropConnect of Wan et al. 2013 on W_h*, Merity, Keskar & Socher
    2018, "Regularizing and optimizing LSTM language models".  Zoneout: Krueger et al. 2017.  Layer norm: Ba, Kiros &
    Hinton 2016.

    Args:
        input_size: features F of each time step.
        hidden_size: units H of each layer and direction.
        num_layers: number of stacked layers L.
        dropout: probability that an output between two layers is zeroed in training.
        bidirectional: whether a second stack reads each sequence from its end to its start.
        variational_input: probability that an input feature is zeroed in training, at all time steps of a sequence.
        variational_dropout: the same for an output between two layers.
        variational_output: the same for an output of the last layer.
        weight_drop: probability that a weight from state to gate is zeroed in training, at all time steps.
        zoneout: probability that a unit of the state keeps its value for one more time step; in evaluation each unit is
            the mean of both.
        layer_norm: whether the inputs of the gates are normalized over the units.

    Raises:
        InputError: a size below 1, or a probability outside [0, 1).
    """

    parts: ClassVar[int] = 1  # tensors in the state: h, and c in an LSTM
    fused: ClassVar[Callable[..., nn.RNNBase]]  # nn.RNN, nn.LSTM or nn.GRU

    def __init__(
        self,
        *,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        dropout: float = 0.0,
        bidirectional: bool = False,
        variational_input: float = 0.0,
        variational_dropout: float = 0.0,
        variational_output: float = 0.0,
        weight_drop: float = 0.0,
        zoneout: float = 0.0,
        layer_norm: bool = False,
    ) -> None:
        super().__init__()
        masked = {
            "variational_input": variational_input,
            "variational_dropout": variational_dropout,
            "variational_output": variational_output,
            "weight_drop": weight_drop,
        }
        check_probabilities(type(self).__name__, **masked, zoneout=zoneout, dropout=dropout)
        for name, size in [("input_size", input_size), ("hidden_size", hidden_size), ("num_layers", num_layers)]:
            if size < 1:
                raise InputError(f"{type(self).__name__}: expected {name} of at least 1, got {size}")
        self.input_size, self.hidden_size, self.num_layers, self.dropout = input_size, hidden_size, num_layers, dropout
        self.variational_input, self.variational_dropout = variational_input, variational_dropout
        self.variational_output, self.weight_drop = variational_output, weight_drop
        self.zoneouts = (zoneout,) * self.parts  # of h, and of c in an LSTM
        self.layer_norm = layer_norm
        self.directions = 2 if bidirectional else 1
        self.output_size = hidden_size * self.directions
        # checkpoints and optimizers depend on this order of registration: masks, norms, cells
        self.masks = Masks(max(masked.values()) > 0)
        self.norms = nn.ModuleList()
        sizes = [input_size] + [self.output_size] * (num_layers - 1)
        self.cells = nn.ModuleList(self.make_cell(size) for size in sizes for _ in range(self.directions))
        self.norms.extend(self.make_norms() for _ in self.cells if layer_norm)

    @property
    def fusible(self) -> bool:
        """Whether one fused call computes all time steps."""
        return not self.layer_norm and max(self.zoneouts) == 0

    def initial_state(self, batch_size: int) -> State:
        """Zeros, each part (B, L*D, H)."""
        weight = next(self.parameters())
        return (weight.new_zeros(batch_size, len(self.cells), self.hidden_size),) * self.parts

    def forward(
        self, inputs: Tensor, state: State | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, State]:
        """Outputs (B, T, D*H) and the final state, each part (B, L*D, H), of `inputs` (B, T, F).

        One fused call per layer and direction, unless zoneout, layer norm or `state_hook` requires single steps.  With
        `lengths` (B,), in time steps, padding changes nothing: its outputs are zero, and the final state of a sequence
        is the one at its last step.
        """
        hook = self.active_hook()
        by_step = partial(self._run_by_step, hook=hook or identity_hook)
        return self._stack(inputs, state, lengths, self._run_fused if hook is None and self.fusible else by_step)

    def trace(
        self, inputs: Tensor, state: State | None = None, lengths: Tensor | None = None
    ) -> tuple[Tensor, State, list[Gates]]:
        """`forward` step by step, with every gate by name: for each layer and direction {name: (B, T, H)}."""
        gates: list[Gates] = []

        def run(k: int, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
            steps, state = self._steps(k, x, state, lengths, identity_hook)
            gates.append({name: torch.stack([named[name] for named in steps], 1) for name in steps[0]})
            return zero_padding(gates[-1]["h"], lengths), state

        outputs, state = self._stack(inputs, state, lengths, run)
        for backward in gates[1::2] if self.directions > 1 else []:  # from reversed time to the order of the inputs
            backward.update({name: reverse_sequences(gate, lengths) for name, gate in backward.items()})
        return outputs, state, gates

    def _stack(self, x: Tensor, state: State | None, lengths: Tensor | None, run: RunCell) -> tuple[Tensor, State]:
        state = self.initial_state(len(x)) if state is None else state
        check_shapes(x, self.input_size, state, [(len(self.cells), self.hidden_size)] * self.parts, lengths)
        self.masks.start_call()
        x = self.masks.drop_features("inputs", zero_padding(x, lengths), self.variational_input)
        finals = []
        for layer in range(self.num_layers):
            if layer > 0 and self.dropout > 0 and self.training:
                x = F.dropout(x.contiguous(), self.dropout)  # contiguous: the same mask on each path
            if layer > 0:
                x = self.masks.drop_features(f"outputs of layer {layer}", x, self.variational_dropout)
            outputs = []
            for direction in range(self.directions):
                k = layer * self.directions + direction
                begin = tuple(part[:, k].contiguous() for part in state)
                y, final = run(k, reverse_sequences(x, lengths) if direction else x, begin, lengths)
                outputs.append(reverse_sequences(y, lengths) if direction else y)
                finals.append(final)
            x = torch.cat(outputs, -1) if self.directions > 1 else outputs[0]
        x = self.masks.drop_features("outputs", x, self.variational_output)
        return x, tuple(torch.stack(part, 1) for part in zip(*finals, strict=True))

    # one layer in one direction: cell number `k`

    def make_cell(self, size: int) -> nn.Module:
        """A module with the weights from `size` features to H units."""
        return self.fused(size, self.hidden_size, batch_first=True)

    def make_norms(self) -> nn.ModuleDict:
        """Layer norms of one cell, by position."""
        raise NotImplementedError(f"{type(self).__name__} has no layer norm")

    def weights(self, k: int) -> Weights:
        """Weights of cell `k`, after weight drop."""
        w_ih, w_hh, b_ih, b_hh = (getattr(self.cells[k], name) for name in WEIGHT_NAMES)
        if self.weight_drop > 0 and self.training:
            w_hh = w_hh * self.masks.get_mask(f"weights of cell {k}", w_hh.shape, self.weight_drop, w_hh)
        norms = self.norms[k] if self.layer_norm else None
        assert norms is None or isinstance(norms, nn.ModuleDict)
        return Weights(w_ih, w_hh, b_ih, b_hh, norms)

    def bias(self, w: Weights) -> Tensor:
        """The bias added to the gates outside their products, (G * H,)."""
        return w.b_ih + w.b_hh

    def project(self, w: Weights, x: Tensor) -> Tensor:
        """Input product plus bias, (B, T, G * H), of the inputs `x` (B, T, F): one product for all steps."""
        if w.norms is None:
            return F.linear(x, w.w_ih, self.bias(w))
        return w.norms["inputs"](F.linear(x, w.w_ih)) + self.bias(w)

    def add_recurrent(self, w: Weights, a: Tensor, h: Tensor) -> Tensor:
        """`a` (B, G * H) plus the recurrent product of the state `h` (B, H); `w.w_hh` is transposed, (H, G * H)."""
        return torch.addmm(a, h, w.w_hh) if w.norms is None else a + w.norms["recurrent"](h @ w.w_hh)

    def step(self, w: Weights, a_t: Tensor, state: State, hook: StateHook) -> Gates:
        """One time step of the equations: every gate and the new state by name, each (B, H).

        `a_t` (B, G * H) is this step of `project`; `w.w_hh` is transposed, (H, G * H); `hook` is applied
        to the new state.
        """
        raise NotImplementedError(f"{type(self).__name__} has no equations")

    def _run_fused(self, k: int, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        """Outputs (B, T, H) and the final state from a fused call.

        On a CPU without a kernel for the 16-bit type of the call, compute in float32 and round the results.
        """
        w, half = self.weights(k), unsupported_half_dtype(x, self.cells[k])
        if half is None:
            return self._run_padded(k, w, x, state, lengths)
        with torch.autocast("cpu", enabled=False):
            wide_state = tuple(part.float() for part in state)
            outputs, final = self._run_padded(k, w.float(), x.float(), wide_state, lengths)
        return outputs.to(half), tuple(part.to(half) for part in final)

    def _run_padded(self, k: int, w: Weights, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        """A fused call on padded sequences (packed sequences would not use torch's fast CPU path)."""
        outputs, final = self._fused(k, w, x, tuple(part[None] for part in state), lengths)
        if lengths is None:
            return outputs, tuple(part[0] for part in final)
        return zero_padding(outputs, lengths), (last_outputs(outputs, lengths), *(part[0] for part in final[1:]))

    def _fused(self, k: int, w: Weights, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        """The fused call alone: `state` parts are (1, B, H), outputs after a length are undefined."""
        outputs, h = fused_call(self.cells[k], w, x, state[0])
        return outputs, (h,)

    def _run_by_step(
        self, k: int, x: Tensor, state: State, lengths: Tensor | None, hook: StateHook
    ) -> tuple[Tensor, State]:
        """Outputs (B, T, H) and the final state step by step; `hook` is applied to every new state."""
        steps, state = self._steps(k, x, state, lengths, hook)
        # the memory layout of a fused call, so that a later dropout draws its mask in the same order
        outputs = torch.stack([named["h"] for named in steps]).transpose(0, 1)
        return zero_padding(outputs, lengths), state

    def _steps(
        self, k: int, x: Tensor, state: State, lengths: Tensor | None, hook: StateHook
    ) -> tuple[list[Gates], State]:
        """The gates of each step, and the final state."""
        w, names, steps = self.weights(k), ("h", "c")[: self.parts], []
        keeps = draw_zoneout(x, self.hidden_size, self.zoneouts, self.training)
        transposed, inside = w.with_w_hh_transposed(), identity_hook if keeps[0] else hook
        for t, a_t in enumerate(self.project(w, x).unbind(1)):  # indexing step t would make backward O(T^2)
            named = self.step(transposed, a_t, state, inside)
            for name, old, keep in zip(names, state, keeps[t], strict=False):  # keeps[t] is empty without zoneout
                named[name] = hook(zoneout(old, named[name], keep))
            new = tuple(named[name] for name in names)
            if lengths is not None:
                new = tuple(torch.where((t < lengths)[:, None], n, s) for n, s in zip(new, state, strict=True))
            state = new
            steps.append(named)
        return steps, state
