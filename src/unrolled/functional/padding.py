"""Rows of unequal length in one rectangle.  B batch, T time, H hidden."""

import torch
from torch import Tensor


def length_mask(lengths: Tensor, time: int) -> Tensor:
    """(B, T) bool: True at the steps that belong to the row, False at its padding."""
    return torch.arange(time, device=lengths.device) < lengths[:, None]


def zero_padding(x: Tensor, lengths: Tensor | None) -> Tensor:
    """`x` (B, T, F) with zeros behind each row's length, whatever stood there."""
    return x if lengths is None else x.masked_fill(~length_mask(lengths, x.shape[1])[..., None], 0)


def last_outputs(outputs: Tensor, lengths: Tensor) -> Tensor:
    """(B, H): what each row of `outputs` (B, T, H) says at its own last step."""
    return outputs[torch.arange(len(outputs), device=outputs.device), lengths - 1]


def reverse_sequences(sequence: Tensor, lengths: Tensor | None) -> Tensor:
    """Turn each row of (B, T, ...) back to front; its padding stays at the end."""
    if lengths is None:
        return sequence.flip(1)
    time = torch.arange(sequence.shape[1], device=sequence.device)
    index = torch.where(time < lengths[:, None], lengths[:, None] - 1 - time, time)
    return sequence[torch.arange(len(sequence), device=sequence.device)[:, None], index]


def steps_since(marks: Tensor, before: Tensor) -> Tensor:
    """(B, T): how many time steps ago the last of a row's `marks` (B, T) was; in front of the first, `before` (B,) more
    than since the beginning."""
    time = torch.arange(marks.shape[1], device=marks.device)
    return time - torch.where(marks, time, -before[:, None]).cummax(1).values
