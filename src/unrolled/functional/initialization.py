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


def chrono_biases(units: int, t_max: float, random: torch.Generator) -> Tensor:
    """Biases b = log u, u ~ U(1, t_max - 1), (H,), of a gate that is to keep the state for about u time steps."""
    return torch.empty(units, dtype=torch.float64).uniform_(1, t_max - 1, generator=random).log()


@torch.no_grad()
def set_orthogonal(weight: Tensor, gain: float, random: torch.Generator) -> None:
    """Each gate's own block (H, H) of a recurrent weight (gates * H, H) becomes `gain` times an orthogonal matrix."""
    for block in weight.split(weight.shape[1]):
        nn.init.orthogonal_(block, gain, generator=random)


@torch.no_grad()
def set_identity(cell: Any, scale: float) -> None:
    """The recurrent weight (H, H) becomes `scale` times the identity, both biases zero."""
    cell.weight_hh_l0.copy_(scale * torch.eye(cell.hidden_size))
    cell.bias_ih_l0.zero_()
    cell.bias_hh_l0.zero_()


ADDED = 1.0  # to each count: a token that one class alone has does not settle the matter


def log_count_ratios(counts: Tensor, totals: Tensor) -> Tensor:
    """r_cv = log p(v | c) / p(v | not c), (C, V), in nats; 0 for a token that was never met.

    Args:
        counts: (C, V), how often each class has each token.
        totals: (V,), how often each token was met in all.

    Source: the log-count ratio of Wang & Manning 2012, "Baselines and bigrams: simple, good sentiment and topic
    classification", here of one class against all others.
    """
    with_class, without = ((part + ADDED).double() for part in (counts, totals - counts))
    ratios = (with_class / with_class.sum(1, keepdim=True)).log() - (without / without.sum(1, keepdim=True)).log()
    return ratios.where(totals > 0, 0.0)
