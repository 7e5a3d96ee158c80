"""Initialisation of recurrent cells, and of a linear classifier from token counts.

H hidden, C classes, V vocabulary.  Gates are blocks of H rows in torch's order: i f g o in an LSTM, r z n in a GRU.

Sources: Tallec & Ollivier 2018, "Can recurrent neural networks warp time?" (chrono); Saxe, McClelland & Ganguli 2014,
"Exact solutions to the nonlinear dynamics of learning in deep linear neural networks" (orthogonal); Le, Jaitly & Hinton
2015, "A simple way to initialize recurrent networks of rectified linear units" (identity); Wang & Manning 2012,
"Baselines and bigrams: simple, good sentiment and topic classification" (log-count ratios).
"""

from typing import Any

import torch
from torch import Tensor, nn

SMOOTHING = 1.0  # added to each count, so that a token of one class alone does not have an infinite ratio


@torch.no_grad()
def set_bias(cell: Any, gate: int, value: Tensor | float) -> None:
    """Set the bias of gate number `gate` to `value`; torch adds two biases, so the second becomes 0."""
    rows = slice(gate * cell.hidden_size, (gate + 1) * cell.hidden_size)
    cell.bias_ih_l0[rows] = value
    cell.bias_hh_l0[rows] = 0


def chrono_biases(units: int, t_max: float, random: torch.Generator) -> Tensor:
    """Biases (H,) of a gate that keeps the state for about u time steps: b = log u, u ~ U(1, t_max - 1)."""
    return torch.empty(units, dtype=torch.float64).uniform_(1, t_max - 1, generator=random).log()


@torch.no_grad()
def set_orthogonal(weight: Tensor, gain: float, random: torch.Generator) -> None:
    """Set each gate's block (H, H) of a recurrent weight (gates * H, H) to `gain` times a random orthogonal matrix."""
    for block in weight.split(weight.shape[1]):
        nn.init.orthogonal_(block, gain, generator=random)


@torch.no_grad()
def set_identity(cell: Any, scale: float) -> None:
    """Set the recurrent weight (H, H) to `scale` times the identity, and both biases to zero."""
    cell.weight_hh_l0.copy_(scale * torch.eye(cell.hidden_size))
    cell.bias_ih_l0.zero_()
    cell.bias_hh_l0.zero_()


def log_count_ratios(counts: Tensor, totals: Tensor) -> Tensor:
    """Log-count ratios r_cv = log p(v | c) / p(v | not c), (C, V), in nats; 0 for a token that never occurs.

    Args:
        counts: (C, V), occurrences of each token in each class.
        totals: (V,), occurrences of each token.

    Source: Wang & Manning 2012, here of one class against all others.
    """
    with_class, without = ((part + SMOOTHING).double() for part in (counts, totals - counts))
    ratios = (with_class / with_class.sum(1, keepdim=True)).log() - (without / without.sum(1, keepdim=True)).log()
    return ratios.where(totals > 0, 0.0)
