"""Token dropout against a masked embedding matrix."""

import torch
from torch import nn
from torch.nn import functional as F

from unrolled.architectures.dropout_masks import drop_tokens


def test_equals_an_embedding_matrix_without_those_rows():
    embedding, tokens = nn.Embedding(5, 3), torch.tensor([[0, 1, 4, 1], [2, 2, 3, 0]])
    mask = torch.tensor([2.0, 0.0, 2.0, 0.0, 2.0])
    found = drop_tokens(embedding(tokens), tokens, mask)
    expected = F.embedding(tokens, mask[:, None] * embedding.weight)
    assert torch.equal(found, expected)
    assert not found[0, 1].any() and not found[0, 3].any() and not found[1, 2].any()
    gradients = [torch.autograd.grad(value.square().sum(), embedding.weight)[0] for value in (found, expected)]
    assert torch.equal(*gradients)
