"""Long short-term memory (LSTM)."""

from typing import Any

import torch
from torch import Tensor, nn

from unrolled.architectures.base import StateHook
from unrolled.architectures.dropout_masks import check_probabilities
from unrolled.architectures.fused_call import Weights, fused_call
from unrolled.architectures.layer_norm import GateNorm
from unrolled.architectures.recurrent import Gates, Recurrent
from unrolled.functional.batch import length_mask
from unrolled.functional.state import State

SATURATED = 1e4  # a gate's input at which its sigmoid is exactly 0 or 1 in every dtype


class LSTM(Recurrent):
    """Long short-term memory: gates write, keep and read a cell state through which the gradient flows unchanged.

        i_t = sigmoid(W_ii x_t + b_ii + W_hi h_{t-1} + b_hi)     input
        f_t = sigmoid(W_if x_t + b_if + W_hf h_{t-1} + b_hf)     forget
        g_t = tanh   (W_ig x_t + b_ig + W_hg h_{t-1} + b_hg)     candidate
        o_t = sigmoid(W_io x_t + b_io + W_ho h_{t-1} + b_ho)     output
        c_t = f_t * c_{t-1} + i_t * g_t
        h_t = o_t * tanh(c_t)

    State: (h, c).  Gates by name: i, f, g, o, c, h.  Sources: Hochreiter & Schmidhuber 1997; the forget gate is Gers,
    Schmidhuber & Cummins 2000.  No peepholes.

    Notes:
        `layer_norm` normalises the products of all four gates together, separately for x_t and h_{t-1}, and
        h_t = o_t * tanh(LN(c_t)).  With zoneout the tanh reads c_t before zoneout is applied.

    Args:
        zoneout_cell: `zoneout` of the cell state c; null: the value of `zoneout`.

    Raises:
        InputError: a probability outside [0, 1).
    """

    fused = nn.LSTM
    parts = 2

    def __init__(self, *, zoneout_cell: float | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if zoneout_cell is not None:
            check_probabilities(type(self).__name__, zoneout_cell=zoneout_cell)
            self.zoneouts = (self.zoneouts[0], zoneout_cell)

    def make_norms(self) -> nn.ModuleDict:
        gates = {name: GateNorm(self.hidden_size, [4]) for name in ("inputs", "recurrent")}
        return nn.ModuleDict({**gates, "cell": nn.LayerNorm(self.hidden_size)})

    def step(self, w: Weights, a_t: Tensor, state: State, hook: StateHook) -> Gates:
        h, c = state
        i, f, g, o = self.add_recurrent(w, a_t, h).chunk(4, -1)
        i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
        c = hook(f * c + i * g)
        read = c if w.norms is None else w.norms["cell"](c)
        return {"i": i, "f": f, "g": g, "o": o, "c": c, "h": hook(o * torch.tanh(read))}

    def _fused(self, k: int, w: Weights, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        if lengths is None:
            outputs, final = fused_call(self.cells[k], w, x, state)
            return outputs, final
        # c at the last step of a sequence is not among the outputs.  One more input, 1 on padding, closes the input
        # gate and opens the forget gate there, so that the fused call keeps c unchanged up to the last time step.
        padding = (~length_mask(lengths, x.shape[1]))[..., None].to(x.dtype)
        w_ih, *others, _ = w
        hold = w_ih.new_tensor([-SATURATED, SATURATED, 0.0, 0.0]).repeat_interleave(self.hidden_size)[
            :, None
        ]  # on i, f, g, o
        outputs, h, c = torch.lstm(
            torch.cat([x, padding], -1), state, [torch.cat([w_ih, hold], 1), *others],
            has_biases=True, num_layers=1, dropout=0.0, train=self.training, bidirectional=False, batch_first=True,
        )  # fmt: skip
        return outputs, (h, c)
