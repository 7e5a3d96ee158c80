import pytest
import torch

from unrolled.architectures.pooling import CAP, bounded_weights, running_max, running_mean

B, T, H = 3, 7, 4


def drawn(*shape):
    return torch.randn(*shape, dtype=torch.float64)


def test_the_running_mean_is_the_weighed_mean_of_the_steps_so_far():
    x, weights = drawn(B, T, H), drawn(B, T, 1).exp()
    pooled, after = running_mean(x, weights, (x.new_zeros(B, H), x.new_zeros(B, 1)))
    for b in range(B):
        for t in range(T):
            given = [float(weights[b, i]) for i in range(t + 1)]
            mean = sum(w * x[b, i] for i, w in enumerate(given)) / sum(given)
            torch.testing.assert_close(pooled[b, t], mean, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(after[0] / after[1], pooled[:, -1], rtol=1e-12, atol=1e-12)


def test_the_running_max_is_the_largest_of_the_steps_so_far():
    x = drawn(B, T, H)
    pooled, (after,) = running_max(x, (x.new_full((B, H), float("-inf")),))
    for t in range(T):
        assert torch.equal(pooled[:, t], x[:, : t + 1].amax(1))
    assert torch.equal(after, x.amax(1))


@pytest.mark.parametrize("cut", range(1, T))
def test_in_two_pieces_it_is_the_same(cut):
    x, weights = drawn(B, T, H), drawn(B, T, 1).exp()
    start = (x.new_zeros(B, H), x.new_zeros(B, 1))
    first, state = running_mean(x[:, :cut], weights[:, :cut], start)
    second, _ = running_mean(x[:, cut:], weights[:, cut:], state)
    torch.testing.assert_close(torch.cat([first, second], 1), running_mean(x, weights, start)[0], rtol=0, atol=1e-12)
    lowest = (x.new_full((B, H), float("-inf")),)
    first, state = running_max(x[:, :cut], lowest)
    assert torch.equal(torch.cat([first, running_max(x[:, cut:], state)[0]], 1), running_max(x, lowest)[0])


def test_weights_are_exp_of_small_scores_and_bounded_for_any():
    small = torch.linspace(-0.1, 0.1, 9, dtype=torch.float64)
    torch.testing.assert_close(bounded_weights(small), small.exp(), rtol=1e-6, atol=0)
    huge = torch.tensor([-1e9, 0.0, 1e9])
    low, middle, high = bounded_weights(huge).tolist()
    assert middle == 1 and 0 < low < 1e-8 and 1e8 < high < 1e9
    scores = torch.linspace(-50, 50, 11, dtype=torch.float64)
    torch.testing.assert_close(bounded_weights(scores).log(), CAP * torch.tanh(scores / CAP), rtol=0, atol=1e-12)


def test_gradients():
    x, weights = drawn(2, 4, 3).requires_grad_(), drawn(2, 4, 1).exp().requires_grad_()
    before = (drawn(2, 3).requires_grad_(), drawn(2, 1).exp().requires_grad_())
    assert torch.autograd.gradcheck(lambda x, w, *s: running_mean(x, w, s)[0], (x, weights, *before))
    assert torch.autograd.gradcheck(lambda x, s: running_max(x, (s,))[0], (x, before[0]))
