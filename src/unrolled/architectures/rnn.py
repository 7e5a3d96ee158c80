"""Simple recurrent network (Elman)."""

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from unrolled.architectures.base import StateHook
from unrolled.architectures.fused_call import Weights, fused_call
from unrolled.architectures.layer_norm import GateNorm
from unrolled.architectures.recurrent import Gates, Recurrent
from unrolled.errors import InputError
from unrolled.functional.state import State


class RNN(Recurrent):
    """Simple recurrent network (Elman): the state is the last output.

        h_t = phi(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh),   phi = tanh or relu

    State: (h,).  Gates by name: h.  Source: Elman 1990, "Finding structure in time"; with relu and an identity W_hh the
    IRNN of Le, Jaitly & Hinton 2015.

    Notes:
        With `layer_norm` h_t = phi(LN(W_ih x_t + W_hh h_{t-1}) + b_ih + b_hh).

    Args:
        nonlinearity: phi.

    Raises:
        InputError: an unknown nonlinearity.
    """

    fused = nn.RNN

    def __init__(self, *, nonlinearity: Literal["tanh", "relu"] = "tanh", **kwargs: Any) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise InputError(f"RNN: expected a nonlinearity of tanh or relu, got {nonlinearity}")
        self.nonlinearity = nonlinearity
        super().__init__(**kwargs)

    def make_cell(self, size: int) -> nn.RNNBase:
        return nn.RNN(size, self.hidden_size, nonlinearity=self.nonlinearity, batch_first=True)

    def make_norms(self) -> nn.ModuleDict:
        return nn.ModuleDict({"sum": GateNorm(self.hidden_size, [1])})

    def project(self, w: Weights, x: Tensor) -> Tensor:
        return super().project(w, x) if w.norms is None else F.linear(x, w.w_ih)

    def add_recurrent(self, w: Weights, a: Tensor, h: Tensor) -> Tensor:
        total = torch.addmm(a, h, w.w_hh)
        return total if w.norms is None else w.norms["sum"](total) + self.bias(w)

    def _fused(self, k: int, w: Weights, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        if lengths is None or self.nonlinearity == "tanh":
            return super()._fused(k, w, x, state, lengths)
        # A relu is unbounded: it may overflow on padding, and then its zero gradient is 0 * inf = nan.
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, h = fused_call(self.cells[k], w, packed, state[0])
        return pad_packed_sequence(outputs, batch_first=True, total_length=x.shape[1])[0], (h,)

    def step(self, w: Weights, a_t: Tensor, state: State, hook: StateHook) -> Gates:
        a = self.add_recurrent(w, a_t, state[0])
        return {"h": hook(torch.tanh(a) if self.nonlinearity == "tanh" else torch.relu(a))}
