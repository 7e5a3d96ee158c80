"""Encoder of a translation model, and the bridge to its decoder.

B batch, S source steps, F features, L layers, H hidden, D directions, V values, Q query features.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from unrolled.architectures.recurrent import Recurrent
from unrolled.functional.batch import length_mask
from unrolled.functional.state import State


class Memory(NamedTuple):
    """An encoded source."""

    values: Tensor  # (B, S, V): encoder outputs
    keys: Tensor  # (B, S, Q): attention keys, the values projected once
    mask: Tensor  # (B, S) bool: False at padding
    start: State  # each part (B, L, H): initial state of the decoder

    def first(self) -> "Memory":
        """Only the first sequence of the batch."""
        return Memory(self.values[:1], self.keys[:1], self.mask[:1], tuple(part[:1] for part in self.start))

    def repeat(self, times: int) -> "Memory":
        """Each sequence `times` times, consecutively."""
        values, keys, mask, *start = (part.repeat_interleave(times, 0) for part in (*self[:3], *self.start))
        return Memory(values, keys, mask, tuple(start))


class SourceEncoder(nn.Module):
    """An encoder, and a bridge from its final state to the decoder's initial state.

        start = tanh(W s + b)      for each layer and part, s the concatenated final states of both directions

    Args:
        encoder: in one direction or two.
        bridge: whether the decoder starts from the encoder's final state; False: from zeros.
    """

    def __init__(self, encoder: Recurrent, bridge: bool = True) -> None:
        super().__init__()
        self.encoder = encoder
        wide, hidden = encoder.output_size, encoder.hidden_size
        self.bridges = nn.ModuleList(nn.Linear(wide, hidden) for _ in range(encoder.parts)) if bridge else None

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor, State]:
        """Values (B, S, D*H), mask (B, S) and initial decoder state, of `features` (B, S, F) with `lengths` (B,)."""
        values, final = self.encoder(features, None, lengths)
        layers = [part.unflatten(1, (-1, self.encoder.directions)).flatten(2) for part in final]  # (B, L, D*H)
        if self.bridges is None:
            start = tuple(part.new_zeros(*part.shape[:2], self.encoder.hidden_size) for part in layers)
        else:
            start = tuple(torch.tanh(bridge(part)) for bridge, part in zip(self.bridges, layers, strict=True))
        return values, length_mask(lengths, values.shape[1]), start
