"""First weights of recurrent cells.  H hidden.  Torch's gates stand in rows: i f g o in an LSTM, r z n in a GRU."""

from typing import Any

import torch
from torch import Tensor, nn


@torch.no_grad()
def set_bias(cell: Any, gate: int, value: Tensor | float) -> None:
    """Make the whole bias of gate number `gate` `value`: torch holds two, whose sum is what counts."""
    rows = slice(gate * cell.hidden_size, (gate + 1) * cell.hidden_size)
    cell.bias_ih_l0[rows] = value
    cell.bias_hh_l0[rows] = 0


def chrono(units: int, t_max: float, random: torch.Generator) -> Tensor:
    """Biases b = log u, u ~ U(1, t_max - 1), (H,), of a gate that is to keep the state for about u time steps."""
    return torch.empty(units, dtype=torch.float64).uniform_(1, t_max - 1, generator=random).log()


@torch.no_grad()
def orthogonal(weight: Tensor, gain: float, random: torch.Generator) -> None:
    """Each gate's own block (H, H) of a recurrent weight (gates * H, H) becomes `gain` times an orthogonal matrix."""
    for block in weight.split(weight.shape[1]):
        nn.init.orthogonal_(block, gain, generator=random)


@torch.no_grad()
def identity(cell: Any, scale: float) -> None:
    """The recurrent weight (H, H) becomes `scale` times the identity, both biases zero."""
    cell.weight_hh_l0.copy_(scale * torch.eye(cell.hidden_size))
    cell.bias_ih_l0.zero_()
    cell.bias_hh_l0.zero_()
