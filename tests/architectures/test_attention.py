"""Attention against written-out loops, and against torch's where it exists."""

import math

import pytest
import torch
from torch.nn import functional as F

from unrolled.architectures.attention import additive_scores, masked_softmax, multiplicative_scores

B, T, S, A, V = 3, 4, 5, 6, 7
LENGTHS = (5, 2, 1)
MASK = torch.tensor([[s < length for s in range(S)] for length in LENGTHS])


def numbers(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def close(actual, expected):
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-12)


def test_additive_scores():
    query, keys, v = numbers(B, T, A), numbers(B, S, A), numbers(A)
    expected = torch.empty(B, T, S, dtype=torch.float64)
    for b in range(B):
        for t in range(T):
            for s in range(S):
                terms = (float(v[a]) * math.tanh(float(query[b, t, a]) + float(keys[b, s, a])) for a in range(A))
                expected[b, t, s] = sum(terms)
    close(additive_scores(query, keys, v), expected)
    step_keys = keys[:, None].expand(B, T, S, A).clone()
    step_keys[:, 1] += 0.5  # different keys at one step
    assert not torch.equal(additive_scores(query, step_keys, v)[:, 1], expected[:, 1])
    close(additive_scores(query, step_keys, v)[:, [0, 2, 3]], expected[:, [0, 2, 3]])


def test_multiplicative_scores():
    query, keys = numbers(B, T, A), numbers(B, S, A)
    expected = [[[float(sum(query[b, t] * keys[b, s])) for s in range(S)] for t in range(T)] for b in range(B)]
    close(multiplicative_scores(query, keys), torch.tensor(expected, dtype=torch.float64))


def test_weights_are_a_softmax_over_the_own_steps_of_a_row():
    scores = numbers(B, T, S) * 3
    weights = masked_softmax(scores, MASK)
    for b, length in enumerate(LENGTHS):
        for t in range(T):
            total = sum(math.exp(float(scores[b, t, s])) for s in range(length))
            expected = [math.exp(float(scores[b, t, s])) / total if s < length else 0.0 for s in range(S)]
            close(weights[b, t], torch.tensor(expected, dtype=torch.float64))
    assert not weights[1, :, 2:].any() and not weights[2, :, 1:].any()


@pytest.mark.parametrize("mask", [MASK, torch.ones_like(MASK)], ids=["padded", "full"])
def test_multiplicative_attention_is_torchs_scaled_dot_product_with_a_scale_of_one(mask):
    query, keys, values = (numbers(B, n, f).requires_grad_() for n, f in ((T, A), (S, A), (S, V)))
    mine = masked_softmax(multiplicative_scores(query, keys), mask) @ values
    torchs = F.scaled_dot_product_attention(query, keys, values, attn_mask=mask[:, None].expand(B, T, S), scale=1.0)
    close(mine, torchs)
    upstream = numbers(B, T, V)
    for ours, theirs in zip(
        torch.autograd.grad(mine, [query, keys, values], upstream),
        torch.autograd.grad(torchs, [query, keys, values], upstream),
        strict=True,
    ):
        close(ours, theirs)


def test_what_stands_at_padding_changes_no_weight_and_gets_no_gradient():
    query, keys, v = numbers(B, T, A), numbers(B, S, A).requires_grad_(), numbers(A)
    weights = masked_softmax(additive_scores(query, keys, v), MASK)
    (gradient,) = torch.autograd.grad((weights**2).sum(), keys)
    assert not gradient[~MASK].any() and gradient[MASK].abs().sum() > 0
    other = torch.where(MASK[..., None], keys.detach(), 1e6)
    assert torch.equal(masked_softmax(additive_scores(query, other, v), MASK), weights.detach())
