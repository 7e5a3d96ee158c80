"""Padded batches of sequences of unequal length.  B batch, T time, F features, H hidden."""

import torch
from torch import Tensor


def length_mask(lengths: Tensor, time: int) -> Tensor:
    """(B, T) bool: True up to each sequence's length, False at padding."""
    return torch.arange(time, device=lengths.device) < lengths[:, None]


def zero_padding(x: Tensor, lengths: Tensor | None) -> Tensor:
    """`x` (B, T, F) with padding set to zero."""
    return x if lengths is None else x.masked_fill(~length_mask(lengths, x.shape[1])[..., None], 0)


def last_outputs(outputs: Tensor, lengths: Tensor) -> Tensor:
    """(B, H): `outputs` (B, T, H) at the last step of each sequence."""
    return outputs[torch.arange(len(outputs), device=outputs.device), lengths - 1]


def reverse_sequences(sequence: Tensor, lengths: Tensor | None) -> Tensor:
    """Reverse each sequence of (B, T, ...) in time; padding stays at the end."""
    if lengths is None:
        return sequence.flip(1)
    time = torch.arange(sequence.shape[1], device=sequence.device)
    index = torch.where(time < lengths[:, None], lengths[:, None] - 1 - time, time)
    return sequence[torch.arange(len(sequence), device=sequence.device)[:, None], index]


def steps_since(marks: Tensor, before: Tensor) -> Tensor:
    """(B, T): time steps since the last True of `marks` (B, T).

    `before` (B,) is the number of steps from the last mark before the batch to its first step.
    """
    time = torch.arange(marks.shape[1], device=marks.device)
    return time - torch.where(marks, time, -before[:, None]).cummax(1).values
