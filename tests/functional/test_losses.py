import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.autograd import gradcheck
from torch.nn import functional as F

from unrolled.errors import InputError
from unrolled.functional.batch import IGNORE
from unrolled.functional.losses import bits, cross_entropy, gaussian_nll, perplexity, squared_error


def written_out(logits, targets):
    """The definition, one target at a time: log of the sum of exponentials minus the target's logit."""
    nats = [
        math.log(sum(math.exp(z - max(row)) for z in row)) + max(row) - row[target]
        for row, target in zip(logits.flatten(0, 1).tolist(), targets.flatten().tolist(), strict=True)
        if target != -100
    ]
    return math.fsum(nats), len(nats)


@given(st.integers(1, 4), st.integers(1, 6), st.integers(1, 9), st.sampled_from([0.1, 3, 100]), st.integers(0, 2**31))
def test_equals_the_definition_and_torch(batch, time, vocabulary, scale, seed):
    torch.manual_seed(seed)
    logits = scale * torch.randn(batch, time, vocabulary, dtype=torch.float64)
    targets = torch.randint(vocabulary, (batch, time))
    targets[torch.rand(batch, time) < 0.3] = IGNORE
    total, count = cross_entropy(logits, targets)
    nats, known = written_out(logits, targets)
    assert int(count) == known
    assert float(total) == pytest.approx(nats, rel=1e-12, abs=1e-12)
    if known:
        mean = F.cross_entropy(logits.transpose(1, 2), targets)
        assert float(total / count) == pytest.approx(float(mean), rel=1e-12, abs=1e-12)


def test_ignored_targets_count_nowhere():
    logits, targets = torch.randn(2, 3, 5), torch.full((2, 3), -100)
    total, count = cross_entropy(logits, targets)
    assert (float(total), int(count)) == (0.0, 0)
    targets[1, 2] = 4
    before = cross_entropy(logits, targets)[0]
    logits[0], logits[1, :2] = float("nan"), 1e30
    assert torch.equal(before, cross_entropy(logits, targets)[0])


def test_the_gradient_is_softmax_minus_one_hot_and_zero_where_ignored():
    logits = torch.randn(2, 3, 5, dtype=torch.float64, requires_grad=True)
    targets = torch.tensor([[0, 4, -100], [-100, 2, 2]])
    (gradient,) = torch.autograd.grad(cross_entropy(logits, targets)[0], logits)
    exponents = np.exp(logits.detach().numpy())
    expected = exponents / exponents.sum(-1, keepdims=True)
    for b, t in np.ndindex(2, 3):
        if targets[b, t] == -100:
            expected[b, t] = 0
        else:
            expected[b, t, targets[b, t]] -= 1
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-15)
    assert gradcheck(lambda z: cross_entropy(z, targets)[0], logits)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_narrow_logits_are_summed_in_float32(dtype):
    logits, targets = torch.randn(4, 500, 9).to(dtype), torch.randint(9, (4, 500))
    total, count = cross_entropy(logits, targets)
    assert total.dtype == torch.float32 and int(count) == 2000
    assert float(total) == pytest.approx(float(cross_entropy(logits.double(), targets)[0]), rel=1e-6)


def test_each_dtype_stays_as_wide_as_it_is():
    targets = torch.zeros(1, 1, dtype=torch.long)
    for dtype in (torch.float32, torch.float64):
        assert cross_entropy(torch.zeros(1, 1, 2, dtype=dtype), targets)[0].dtype == dtype


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_a_share_of_each_target_goes_to_all_ids_alike(smoothing):
    logits, targets = torch.randn(2, 3, 5, dtype=torch.float64), torch.tensor([[1, 4, IGNORE], [0, IGNORE, 2]])
    expected = 0.0
    for b, t in [(0, 0), (0, 1), (1, 0), (1, 2)]:
        nats = -(logits[b, t] - logits[b, t].exp().sum().log())
        wanted = torch.full((5,), smoothing / 5, dtype=torch.float64)
        wanted[targets[b, t]] += 1 - smoothing
        expected += float((wanted * nats).sum())
    total, count = cross_entropy(logits, targets, smoothing)
    assert float(total) == pytest.approx(expected, abs=1e-12) and count == 4
    if smoothing == 0:
        assert torch.equal(total, cross_entropy(logits, targets)[0])


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("wrong", [3, -1])
def test_a_label_outside_the_vocabulary_is_refused(wrong, smoothing):
    targets = torch.tensor([[0, IGNORE, wrong, 7]])
    with pytest.raises(InputError, match=f"expected 0 to 2, or {IGNORE} for none, got {wrong}$"):
        cross_entropy(torch.randn(1, 4, 3), targets, smoothing)


@pytest.mark.parametrize("vocabulary", [1, 2, 256, 10_000])
def test_a_uniform_guess(vocabulary):
    logits, targets = torch.zeros(2, 3, vocabulary, dtype=torch.float64), torch.zeros(2, 3, dtype=torch.long)
    total, count = cross_entropy(logits, targets)
    nats = total / count
    assert float(perplexity(nats)) == pytest.approx(vocabulary, rel=1e-12)
    assert float(bits(nats)) == pytest.approx(math.log2(vocabulary), rel=1e-12, abs=1e-15)


@given(st.floats(0, 20))
def test_units(nats):
    value = torch.tensor(nats, dtype=torch.float64)
    assert float(perplexity(value)) == pytest.approx(math.exp(nats), rel=1e-12)
    assert 2 ** float(bits(value)) == pytest.approx(float(perplexity(value)), rel=1e-12)


@given(st.integers(1, 4), st.integers(1, 6), st.integers(1, 3), st.integers(0, 2**31))
def test_the_squared_error_is_summed_over_the_numbers_that_are_given(batch, time, outputs, seed):
    torch.manual_seed(seed)
    predictions = torch.randn(batch, time, outputs, dtype=torch.float64)
    targets = torch.randn(batch, time, outputs, dtype=torch.float64)
    targets[torch.rand(batch, time, outputs) < 0.4] = float("nan")
    total, count = squared_error(predictions, targets)
    pairs = zip(predictions.flatten().tolist(), targets.flatten().tolist(), strict=True)
    errors = [(p - t) ** 2 for p, t in pairs if not math.isnan(t)]
    assert int(count) == len(errors)
    assert float(total) == pytest.approx(math.fsum(errors), rel=1e-13, abs=1e-15)


def test_a_prediction_without_a_target_changes_nothing_and_gets_no_gradient():
    targets = torch.tensor([[[1.0], [float("nan")]]])
    for other in (0.0, 1e30, math.inf, math.nan):
        predictions = torch.tensor([[[3.0], [other]]], requires_grad=True)
        total, _ = squared_error(predictions, targets)
        total.backward()
        assert float(total.detach()) == 4.0 and predictions.grad.tolist() == [[[4.0], [0.0]]]


def test_a_prediction_of_nan_for_a_given_target_is_not_hidden():
    assert math.isnan(squared_error(torch.full((1, 2, 1), math.nan), torch.ones(1, 2, 1))[0])


def test_the_gradient_of_the_squared_error():
    targets = torch.tensor([[[1.0, 2.0], [float("nan"), 0.5]]], dtype=torch.float64)
    predictions = torch.randn(1, 2, 2, dtype=torch.float64, requires_grad=True)
    assert gradcheck(lambda p: squared_error(p, targets)[0], predictions)


def test_the_squared_error_of_half_numbers_is_summed_in_float32():
    predictions = torch.full((1, 3000, 1), 0.1, dtype=torch.bfloat16)
    total, count = squared_error(predictions, torch.zeros(1, 3000, 1))
    assert total.dtype == torch.float32
    assert float(total / count) == pytest.approx(float(predictions[0, 0, 0]) ** 2, rel=1e-5)


@given(st.integers(1, 4), st.integers(1, 6), st.integers(1, 3), st.integers(0, 2**31))
def test_the_gaussian_likelihood_is_that_of_torch_and_of_the_definition(batch, time, outputs, seed):
    torch.manual_seed(seed)
    means, targets = torch.randn(2, batch, time, outputs, dtype=torch.float64)
    deviations = torch.rand(batch, time, outputs, dtype=torch.float64) * 3 + 1e-3
    targets[torch.rand(batch, time, outputs) < 0.4] = float("nan")
    total, count = gaussian_nll(means, deviations, targets)
    known = ~targets.isnan()
    nats = -torch.distributions.Normal(means[known], deviations[known]).log_prob(targets[known])
    rows = zip(means[known].tolist(), deviations[known].tolist(), targets[known].tolist(), strict=True)
    densities = [math.exp(-((x - m) ** 2) / (2 * s**2)) / (s * math.sqrt(2 * math.pi)) for m, s, x in rows]
    assert int(count) == int(known.sum())
    assert float(total) == pytest.approx(float(nats.sum()), rel=1e-12, abs=1e-12)
    if all(density > 1e-300 for density in densities):
        assert float(total) == pytest.approx(-math.fsum(map(math.log, densities)), rel=1e-12, abs=1e-12)


def test_the_gradient_of_the_gaussian_likelihood_and_none_without_a_target():
    targets = torch.tensor([[[1.0, 2.0], [float("nan"), 0.5]]], dtype=torch.float64)
    means = torch.randn(1, 2, 2, dtype=torch.float64, requires_grad=True)
    deviations = (torch.rand(1, 2, 2, dtype=torch.float64) + 0.1).requires_grad_()
    assert gradcheck(lambda m, s: gaussian_nll(m, s, targets)[0], (means, deviations))
    for other in (0.0, 1e30, math.inf, math.nan):
        m, s = (torch.tensor([[[first], [other]]], requires_grad=True) for first in (3.0, 2.0))
        total, count = gaussian_nll(m, s, torch.tensor([[[1.0], [float("nan")]]]))
        total.backward()
        assert int(count) == 1 and bool(total.isfinite())
        assert (float(m.grad[0, 1]), float(s.grad[0, 1])) == (0.0, 0.0)
        assert m.grad[0, 0] == pytest.approx(0.5) and s.grad[0, 0] == pytest.approx(0.0)  # 1/s - d^2 / s^3


def test_a_gaussian_of_nan_for_a_given_target_is_not_hidden():
    nothing, one = torch.full((1, 2, 1), math.nan), torch.ones(1, 2, 1)
    assert math.isnan(gaussian_nll(nothing, one, one)[0]) and math.isnan(gaussian_nll(one, nothing, one)[0])


def test_the_gaussian_likelihood_of_half_numbers_is_summed_in_float32():
    means, deviations = torch.full((1, 3000, 1), 0.1, dtype=torch.bfloat16), torch.ones(1, 3000, 1).bfloat16()
    total, _ = gaussian_nll(means, deviations, torch.zeros(1, 3000, 1))
    assert total.dtype == torch.float32
    assert float(total / 3000) == pytest.approx(float(means[0, 0, 0]) ** 2 / 2 + math.log(2 * math.pi) / 2, rel=1e-5)
