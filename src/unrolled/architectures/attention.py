"""Attention of a decoder over what an encoder has read.  B batch, T target steps, S source steps."""

from typing import Literal

import torch
from torch import Tensor, nn

from unrolled.errors import InputError


def additive_scores(query: Tensor, keys: Tensor, v: Tensor) -> Tensor:
    """Scores (B, T, S) = v . tanh(query_t + key_s) of `query` (B, T, A), `keys` (B, S, A) or (B, T, S, A), `v` (A,).

    Source: Bahdanau, Cho & Bengio 2015, "Neural machine translation by jointly learning to align and translate".
    """
    keys = keys[:, None] if keys.dim() == 3 else keys
    return torch.tanh(query[:, :, None] + keys) @ v


def multiplicative_scores(query: Tensor, keys: Tensor) -> Tensor:
    """Scores (B, T, S) = query_t . key_s of `query` (B, T, A) and `keys` (B, S, A).

    Source: Luong, Pham & Manning 2015, "Effective approaches to attention-based neural machine translation".
    """
    return query @ keys.transpose(1, 2)


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Weights (B, T, S): they sum to 1 over the steps where `mask` (B, S) is True, and are exactly 0 elsewhere."""
    return scores.masked_fill(~mask[:, None], float("-inf")).softmax(-1)


Kind = Literal["additive", "multiplicative"]


class Attention(nn.Module):
    """How much each source step is worth to a query, and the mean of the source's values under that.

        additive         score_s = v . tanh(W_q query + b + W_k value_s [+ u coverage_s])
        multiplicative   score_s = query . W_k value_s

    The keys W_k value_s are the same at each step: `project` computes them once.  `coverage` is the sum of the weights
    that a source step has had before (See, Liu & Manning 2017, "Get to the point").

    Args:
        kind: additive (Bahdanau et al. 2015) or multiplicative (Luong et al. 2015, "general").
        query_size: features of a query, and of a key.
        value_size: features of what the encoder says of each source step.
        coverage: whether an additive score knows how much a source step was looked at before.

    Raises:
        InputError: another kind, or coverage of a multiplicative score.
    """

    def __init__(self, kind: Kind, query_size: int, value_size: int, coverage: bool = False) -> None:
        super().__init__()
        if kind not in ("additive", "multiplicative"):
            raise InputError(f"attention: expected additive, multiplicative or none, got {kind}")
        if coverage and kind != "additive":
            raise InputError(f"attention: coverage needs additive scores, got {kind}; leave coverage out")
        self.key = nn.Linear(value_size, query_size, bias=False)
        self.query = nn.Linear(query_size, query_size) if kind == "additive" else None
        self.score = nn.Parameter(torch.empty(query_size)) if kind == "additive" else None
        self.cover = nn.Parameter(torch.empty(query_size)) if coverage else None
        for vector in (self.score, self.cover):
            if vector is not None:
                nn.init.uniform_(vector, -(query_size**-0.5), query_size**-0.5)

    def project(self, values: Tensor) -> Tensor:
        """Keys (B, S, Q) of the values (B, S, V)."""
        keys: Tensor = self.key(values)
        return keys

    def forward(self, query: Tensor, keys: Tensor, mask: Tensor, coverage: Tensor | None = None) -> Tensor:
        """Weights (B, T, S) of queries (B, T, Q), keys (B, S, Q), `mask` (B, S) True at the source's own steps.

        With `coverage` (B, S), which is one step's, T is 1.
        """
        if self.query is None or self.score is None:
            return masked_softmax(multiplicative_scores(query, keys), mask)
        if self.cover is not None and coverage is not None:
            keys = keys + coverage[..., None] * self.cover
        return masked_softmax(additive_scores(self.query(query), keys, self.score), mask)
