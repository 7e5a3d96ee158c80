"""What is read before the first word is said.  B batch, S source steps, F features, L layers, H hidden."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from unrolled.architectures.recurrent import Recurrent
from unrolled.functional.padding import length_mask
from unrolled.functional.state import State


class Memory(NamedTuple):
    """A source, as a decoder sees it."""

    values: Tensor  # (B, S, V): what the encoder says of each step
    keys: Tensor  # (B, S, Q): the same as the attention compares it, projected once
    mask: Tensor  # (B, S) bool: True at the source's own steps, False at padding
    start: State  # each part (B, L, H): the state that the decoder starts from

    def first(self) -> "Memory":
        """The first row alone."""
        return Memory(self.values[:1], self.keys[:1], self.mask[:1], tuple(part[:1] for part in self.start))

    def repeat(self, times: int) -> "Memory":
        """Each row `times` times, one behind the other."""
        values, keys, mask, *start = (part.repeat_interleave(times, 0) for part in (*self[:3], *self.start))
        return Memory(values, keys, mask, tuple(start))


class SourceEncoder(nn.Module):
    """An encoder, and the bridge from its last state to the decoder's first.

        start = tanh(W encoder's last state + b)      of each layer and part, both directions side by side

    Args:
        encoder: reads the source, in one direction or two.
        bridge: whether the decoder starts from the encoder's last state; False: from zeros.
    """

    def __init__(self, encoder: Recurrent, bridge: bool = True) -> None:
        super().__init__()
        self.encoder = encoder
        wide, hidden = encoder.output_size, encoder.hidden_size
        self.bridges = nn.ModuleList(nn.Linear(wide, hidden) for _ in range(encoder.parts)) if bridge else None

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, State]:
        """Values (B, S, D*H), the mask (B, S) and the decoder's first state of `features` (B, S, F), `lengths` (B,)."""
        values, final = self.encoder(features, None, lengths)
        layers = [part.unflatten(1, (-1, self.encoder.directions)).flatten(2) for part in final]  # (B, L, D*H)
        if self.bridges is None:
            start = tuple(part.new_zeros(*part.shape[:2], self.encoder.hidden_size) for part in layers)
        else:
            start = tuple(torch.tanh(bridge(part)) for bridge, part in zip(self.bridges, layers, strict=True))
        return values, length_mask(lengths, values.shape[1]), start
