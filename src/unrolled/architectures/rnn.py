"""The simple recurrent network."""

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from unrolled.architectures.recurrent import Gates, Recurrent
from unrolled.architectures.stepwise import Through
from unrolled.errors import InputError
from unrolled.functional.state import State


class RNN(Recurrent):
    """Elman's network: the state is the last output.

        h_t = phi(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh),   phi = tanh or relu

    State: (h,).  Gates by name: h.  Source: Elman 1990, "Finding structure in time"; with relu and an identity W_hh the
    IRNN of Le, Jaitly & Hinton 2015.

    Args:
        nonlinearity: phi.

    Raises:
        InputError: another phi.
    """

    fused = nn.RNN

    def __init__(self, *, nonlinearity: Literal["tanh", "relu"] = "tanh", **kwargs: Any) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise InputError(f"RNN: expected a nonlinearity of tanh or relu, got {nonlinearity}")
        self.nonlinearity = nonlinearity
        super().__init__(**kwargs)

    def cell(self, size: int) -> nn.RNNBase:
        return nn.RNN(size, self.hidden_size, nonlinearity=self.nonlinearity, batch_first=True)

    def _fused(self, cell: nn.RNNBase, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        if lengths is None or self.nonlinearity == "tanh":
            return super()._fused(cell, x, state, lengths)
        # A relu has no bound: run on over padding it may overflow, and then its zero gradient is 0 * inf = nan.
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        outputs, h = cell(packed, state[0])
        return pad_packed_sequence(outputs, batch_first=True, total_length=x.shape[1])[0], (h,)

    def step(self, recurrent: tuple[Tensor, Tensor], a_t: Tensor, state: State, through: Through) -> Gates:
        a = torch.addmm(a_t, state[0], recurrent[0])
        return {"h": through(torch.tanh(a) if self.nonlinearity == "tanh" else torch.relu(a))}
