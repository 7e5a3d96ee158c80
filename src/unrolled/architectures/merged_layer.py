"""One recurrent layer in one direction: in a fused call, or step by step.  B batch, T time, F features, H hidden."""

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from unrolled.architectures.fused_dtype import missing_half
from unrolled.architectures.regularized import NAMES, Regularized, Weights
from unrolled.architectures.stepwise import Through, unchanged
from unrolled.architectures.zoneout import zone
from unrolled.functional.padding import cleared, last
from unrolled.functional.state import State

Gates = dict[str, Tensor]


class Layer(Regularized):
    """How each layer of a stack is run; a layer and direction is cell number `k`."""

    fused: ClassVar[Callable[..., nn.RNNBase]]  # nn.RNN, nn.LSTM or nn.GRU

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
