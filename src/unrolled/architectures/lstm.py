"""Long short-term memory."""

import torch
from torch import Tensor, nn

from unrolled.architectures.recurrent import Gates, Recurrent
from unrolled.architectures.stepwise import Through
from unrolled.functional.masks import within
from unrolled.functional.state import State

SHUT = 1e4  # a gate's input at which its sigmoid is exactly 0 or 1 in every dtype


class LSTM(Recurrent):
    """A cell that is written, kept and read through gates, so that its gradient can flow unchanged.

        i_t = sigmoid(W_ii x_t + b_ii + W_hi h_{t-1} + b_hi)     input
        f_t = sigmoid(W_if x_t + b_if + W_hf h_{t-1} + b_hf)     forget
        g_t = tanh   (W_ig x_t + b_ig + W_hg h_{t-1} + b_hg)     candidate
        o_t = sigmoid(W_io x_t + b_io + W_ho h_{t-1} + b_ho)     output
        c_t = f_t * c_{t-1} + i_t * g_t
        h_t = o_t * tanh(c_t)

    State: (h, c).  Gates by name: i, f, g, o, c, h.  Sources: Hochreiter & Schmidhuber 1997; the forget gate is Gers,
    Schmidhuber & Cummins 2000.  No peepholes.
    """

    fused = nn.LSTM
    parts = 2

    def step(self, recurrent: tuple[Tensor, Tensor], a_t: Tensor, state: State, through: Through) -> Gates:
        h, c = state
        i, f, g, o = torch.addmm(a_t, h, recurrent[0]).chunk(4, -1)
        i, f, g, o = torch.sigmoid(i), torch.sigmoid(f), torch.tanh(g), torch.sigmoid(o)
        c = through(f * c + i * g)
        return {"i": i, "f": f, "g": g, "o": o, "c": c, "h": through(o * torch.tanh(c))}

    def _fused(self, cell: nn.RNNBase, x: Tensor, state: State, lengths: Tensor | None) -> tuple[Tensor, State]:
        if lengths is None:
            outputs, final = cell(x, state)
            return outputs, final
        # c at a row's own last step is not among the outputs.  One more input, 1 on padding, shuts the input gate and
        # opens the forget gate there, so that c reaches the end of the rectangle unchanged within the one fused call.
        padding = (~within(lengths, x.shape[1]))[..., None].to(x.dtype)
        w_ih, *others = cell.all_weights[0]
        hold = w_ih.new_tensor([-SHUT, SHUT, 0.0, 0.0]).repeat_interleave(self.hidden_size)[:, None]  # on i, f, g, o
        outputs, h, c = torch.lstm(
            torch.cat([x, padding], -1), state, [torch.cat([w_ih, hold], 1), *others],
            has_biases=True, num_layers=1, dropout=0.0, train=self.training, bidirectional=False, batch_first=True,
        )  # fmt: skip
        return outputs, (h, c)
