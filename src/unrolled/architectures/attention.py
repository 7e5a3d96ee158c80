"""Additive and multiplicative attention of a decoder over encoder outputs, with optional coverage.

B batch, T target steps, S source steps, A attention features, Q query features, V value features.

Sources: Bahdanau, Cho & Bengio 2015, "Neural machine translation by jointly learning to align and translate"; Luong,
Pham & Manning 2015, "Effective approaches to attention-based neural machine translation"; See, Liu & Manning 2017, "Get
to the point: summarization with pointer-generator networks".
"""

from typing import Literal

import torch
from torch import Tensor, nn

from unrolled.errors import InputError


def additive_scores(query: Tensor, keys: Tensor, v: Tensor) -> Tensor:
    """Scores (B, T, S) = v . tanh(query_t + key_s) of `query` (B, T, A), `keys` (B, S, A) or (B, T, S, A), `v` (A,)."""
    keys = keys[:, None] if keys.dim() == 3 else keys
    return torch.tanh(query[:, :, None] + keys) @ v


def multiplicative_scores(query: Tensor, keys: Tensor) -> Tensor:
    """Scores (B, T, S) = query_t . key_s of `query` (B, T, A) and `keys` (B, S, A)."""
    return query @ keys.transpose(1, 2)


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Softmax (B, T, S) of the scores over the steps where `mask` (B, S) is True, exactly 0 elsewhere."""
    return scores.masked_fill(~mask[:, None], float("-inf")).softmax(-1)


Kind = Literal["additive", "multiplicative"]


class Attention(nn.Module):
    """Attention weights of each query over the source steps.

        additive         score_s = v . tanh(W_q query + b + W_k value_s [+ u coverage_s])
        multiplicative   score_s = query . W_k value_s

    The keys W_k value_s do not depend on the target step, so `project` computes them once.  `coverage` is the sum of a
    source step's weights over the previous target steps (See et al. 2017).

    Args:
        kind: additive (Bahdanau et al. 2015) or multiplicative (Luong et al. 2015, "general").
        query_size: features of a query, and of a key.
        value_size: features of each encoder output.
        coverage: whether an additive score includes the coverage of the source step.

    Raises:
        InputError: an unknown kind, or coverage with a multiplicative score.
    """

    def __init__(self, kind: Kind, query_size: int, value_size: int, coverage: bool = False) -> None:
        super().__init__()
        if kind not in ("additive", "multiplicative"):
            raise InputError(f"attention: expected additive, multiplicative or none, got {kind}")
        if coverage and kind != "additive":
            raise InputError(f"attention: coverage needs additive scores, got {kind}; set coverage: false")
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
        """Weights (B, T, S) of queries (B, T, Q), keys (B, S, Q) and `mask` (B, S), False at padding.

        `coverage` (B, S) belongs to one target step, so T must be 1 with it.
        """
        if self.query is None or self.score is None:
            return masked_softmax(multiplicative_scores(query, keys), mask)
        if self.cover is not None and coverage is not None:
            keys = keys + coverage[..., None] * self.cover
        return masked_softmax(additive_scores(self.query(query), keys, self.score), mask)
