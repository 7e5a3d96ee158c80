"""Where a decoder looks.  B batch, T target steps, S source steps, Q query, A attention, V value features."""

import torch
from torch import Tensor


def additive(query: Tensor, keys: Tensor, v: Tensor) -> Tensor:
    """Scores (B, T, S) = v . tanh(query_t + key_s) of `query` (B, T, A), `keys` (B, S, A) or (B, T, S, A), `v` (A,).

    Source: Bahdanau, Cho & Bengio 2015, "Neural machine translation by jointly learning to align and translate".
    """
    keys = keys[:, None] if keys.dim() == 3 else keys
    return torch.tanh(query[:, :, None] + keys) @ v


def multiplicative(query: Tensor, keys: Tensor) -> Tensor:
    """Scores (B, T, S) = query_t . key_s of `query` (B, T, A) and `keys` (B, S, A).

    Source: Luong, Pham & Manning 2015, "Effective approaches to attention-based neural machine translation".
    """
    return query @ keys.transpose(1, 2)


def weigh(scores: Tensor, mask: Tensor) -> Tensor:
    """Weights (B, T, S): they sum to 1 over the steps where `mask` (B, S) is True, and are exactly 0 elsewhere."""
    return scores.masked_fill(~mask[:, None], float("-inf")).softmax(-1)
