"""Outputs of forecasters against torch.distributions, scipy, scikit-learn, in float64.  O targets, W numbers each."""

import numpy as np
import pytest
import torch
from scipy import stats
from sklearn.metrics import mean_pinball_loss
from torch.autograd import gradcheck

from unrolled.errors import InputError
from unrolled.functional.forecasting.distributions import LEVELS, make_output

NAN = float("nan")
O = 3  # noqa: E741
NAMES = ["point", "gaussian", "student_t", "quantiles"]
each = pytest.mark.parametrize("name", NAMES)
with_distribution = pytest.mark.parametrize("name", NAMES[1:])


def numbers(name, *shape, seed=0):
    """An output, the raw numbers (..., W O) of a head, and targets (..., O), some missing."""
    draw = torch.Generator().manual_seed(seed)
    output = make_output(name)
    raw = torch.randn(*shape, output.width * O, dtype=torch.float64, generator=draw)
    targets = 2 * torch.randn(*shape, O, dtype=torch.float64, generator=draw)
    targets[torch.rand(targets.shape, generator=draw) < 0.3] = NAN
    return output, raw, targets


def softplus(x):
    return np.logaddexp(0, x)


def kinds(raw):
    """The raw numbers by kind: (W, ..., O)."""
    return np.moveaxis(raw.numpy().reshape(*raw.shape[:-1], -1, O), -2, 0)


def frozen(name, raw):
    """The same distribution by scipy."""
    parts = kinds(raw)
    if name == "gaussian":
        return stats.norm(parts[0], softplus(parts[1]) + 1e-3)
    return stats.t(2 + softplus(parts[2]), parts[0], softplus(parts[1]) + 1e-3)


def by_hand(raw):
    """Nine quantiles (..., O, 9): the fifth, and from it outwards one softplus after the other."""
    parts = kinds(raw)
    found = {4: parts[4]}
    for above in range(5, 9):
        found[above] = found[above - 1] + softplus(parts[above])
    for below in range(3, -1, -1):
        found[below] = found[below + 1] - softplus(parts[below])
    return np.stack([found[place] for place in range(9)], -1)


def inverse(quantiles, u):
    """One piecewise linear inverse of a distribution function at u, straight on beyond the outermost levels."""
    levels = np.array(LEVELS)
    if u < levels[0] or u > levels[-1]:
        a, b = (0, 1) if u < levels[0] else (-2, -1)
        return quantiles[a] + (u - levels[a]) * (quantiles[b] - quantiles[a]) / (levels[b] - levels[a])
    return np.interp(u, levels, quantiles)


@pytest.mark.parametrize("seed", range(3))
@each
def test_the_loss_is_summed_over_the_targets_that_are_there(name, seed):
    output, raw, targets = numbers(name, 4, 5, seed=seed)
    total, count = output.loss(raw, targets)
    known = ~np.isnan(targets.numpy())
    x = targets.numpy()[known]
    if name == "point":
        expected = ((raw.numpy()[known] - x) ** 2).sum()
    elif name == "quantiles":
        q = by_hand(raw)[known]
        expected = len(x) * np.mean([mean_pinball_loss(x, q[:, i], alpha=a) for i, a in enumerate(LEVELS)])
    else:
        expected = -frozen(name, raw).logpdf(np.nan_to_num(targets.numpy()))[known].sum()
    assert int(count) == known.sum() and float(total) == pytest.approx(expected, rel=1e-12)


def test_the_absolute_loss_of_a_point():
    _, raw, targets = numbers("point", 4, 5)
    total, count = make_output("point", "absolute").loss(raw, targets)
    assert float(total) == pytest.approx(np.nansum(abs((raw - targets).numpy())), rel=1e-12)
    assert int(count) == int((~targets.isnan()).sum())


def test_the_likelihood_of_student_t_is_that_of_torch():
    output, raw, targets = numbers("student_t", 4, 5)
    location, spread, freedom = raw.chunk(3, -1)
    there = torch.distributions.StudentT(2 + freedom.exp().log1p(), location, spread.exp().log1p() + 1e-3)
    nats = -there.log_prob(targets.nan_to_num())[~targets.isnan()]
    assert float(output.loss(raw, targets)[0]) == pytest.approx(float(nats.sum()), rel=1e-12)


@each
def test_gradients_and_none_without_a_target(name):
    output, raw, targets = numbers(name, 2, 3)
    raw.requires_grad_()
    assert gradcheck(lambda r: output.loss(r, targets)[0], raw)
    assert gradcheck(output.expected, raw)
    output.loss(raw, torch.full_like(targets, NAN))[0].backward()
    assert not raw.grad.any()
    assert int(output.loss(raw, torch.full_like(targets, NAN))[1]) == 0


@each
def test_what_is_not_a_number_is_not_hidden(name):
    output, raw, targets = numbers(name, 2, 3)
    assert output.loss(torch.full_like(raw, NAN), targets)[0].isnan()


def test_the_absolute_loss_has_a_gradient():
    _, raw, targets = numbers("point", 2, 3)
    output = make_output("point", "absolute")
    assert gradcheck(lambda r: output.loss(r, targets)[0], raw.requires_grad_())


@pytest.mark.parametrize("name", ["gaussian", "student_t"])
def test_mean_and_quantiles_are_those_of_scipy(name):
    output, raw, _ = numbers(name, 4, 5)
    there, levels = frozen(name, raw), [0.01, 0.1, 0.5, 0.75, 0.99]
    np.testing.assert_allclose(output.expected(raw), there.mean(), rtol=1e-12)
    expected = np.stack([there.ppf(level) for level in levels], -1)
    np.testing.assert_allclose(output.quantiles(raw, levels), expected, rtol=1e-10, atol=1e-12)


def test_quantiles_at_their_own_levels_between_and_beyond():
    output, raw, _ = numbers("quantiles", 4, 5)
    q = by_hand(raw)
    np.testing.assert_allclose(output.quantiles(raw, LEVELS), q, rtol=0, atol=1e-12)
    levels = [0.02, 0.1, 0.15, 0.5, 0.77, 0.9, 0.99]
    expected = np.stack([np.apply_along_axis(inverse, -1, q, u) for u in levels], -1)
    np.testing.assert_allclose(output.quantiles(raw, levels), expected, rtol=0, atol=1e-12)


def test_the_mean_of_quantiles_is_the_integral_of_the_inverse():
    output, raw, _ = numbers("quantiles", 2)
    grid = (np.arange(10_000) + 0.5) / 10_000  # midpoints; every level is a border between two: exact for lines
    expected = np.apply_along_axis(lambda q: np.mean([inverse(q, u) for u in grid]), -1, by_hand(raw))
    np.testing.assert_allclose(output.expected(raw), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_quantiles_never_cross_whatever_the_head_says(dtype):
    output = make_output("quantiles")
    raw = (torch.randn(2000, output.width * O) * 10 ** torch.empty(2000, 1).uniform_(-6, 6)).to(dtype)
    for levels in (LEVELS, [0.001, 0.05, 0.1, 0.11, 0.5, 0.51, 0.999]):
        assert (output.quantiles(raw, levels).diff(dim=-1) >= 0).all()


@with_distribution
def test_draws_are_of_the_distribution_and_a_generator_repeats_them(name):
    output, raw, _ = numbers(name, 1)
    rows = raw.expand(20_000, -1)
    drawn = output.draw(rows, 1.0, torch.Generator().manual_seed(3))
    assert torch.equal(drawn, output.draw(rows, 1.0, torch.Generator().manual_seed(3)))
    torch.manual_seed(1)
    for draws in (drawn, output.draw(rows)):
        assert draws.shape == (20_000, O) and draws.dtype == torch.float64
        for target in range(O):
            if name == "quantiles":
                knots = by_hand(raw)[0, target]
                ends, grid = [inverse(knots, 0.0), *knots, inverse(knots, 1.0)], [0, *LEVELS, 1]
                test = stats.kstest(draws[:, target], lambda x, e=ends, g=grid: np.interp(x, e, g))
            else:
                test = stats.kstest(draws[:, target], lambda x, t=target: frozen(name, raw[0]).cdf(x[:, None])[:, t])
            assert test.pvalue > 1e-3


@with_distribution
def test_a_temperature_scales_the_distance_from_the_centre(name):
    output, raw, _ = numbers(name, 50)
    centre = output.quantiles(raw, [0.5])[..., 0]
    one, half = (output.draw(raw, t, torch.Generator().manual_seed(3)) for t in (1.0, 0.5))
    torch.testing.assert_close(half - centre, 0.5 * (one - centre), rtol=0, atol=1e-12)
    with pytest.raises(InputError, match=r"^sampling: expected a temperature above 0, got 0$"):
        output.draw(raw, 0)


@with_distribution
def test_half_numbers_are_measured_and_drawn_in_float32(name):
    output, raw, targets = numbers(name, 4, 5)
    total, _ = output.loss(raw.bfloat16(), targets.bfloat16())
    assert total.dtype == torch.float32 and bool(total.isfinite())
    assert bool(output.draw(raw.bfloat16(), 1.0, torch.Generator().manual_seed(3)).isfinite().all())


def test_a_point_has_no_distribution():
    output, raw, _ = numbers("point", 2)
    assert not output.distribution and all(make_output(name).distribution for name in NAMES[1:])
    for ask in (lambda: output.draw(raw), lambda: output.quantiles(raw, LEVELS)):
        with pytest.raises(InputError, match="got point"):
            ask()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("median",), "an output of point, gaussian, student_t or quantiles, got median"),
        (("point", "huber"), "a loss of squared or absolute, got huber"),
        (("gaussian", "absolute"), "a loss of squared, which output gaussian ignores, got absolute"),
        (("point", "squared", [0.5]), "levels need output quantiles, got point"),
        (("quantiles", "squared", [0.5]), r"two levels or more, ascending and in \(0, 1\), got \[0.5\]"),
        (("quantiles", "squared", [0.5, 0.2]), r"got \[0.5, 0.2\]"),
        (("quantiles", "squared", [0.5, 0.5]), r"got \[0.5, 0.5\]"),
        (("quantiles", "squared", [0.0, 0.5]), r"got \[0.0, 0.5\]"),
        (("quantiles", "squared", [0.5, NAN]), "nan"),
    ],
    ids=str,
)
def test_nonsense_is_refused_in_one_line(given, message):
    with pytest.raises(InputError, match=message) as caught:
        make_output(*given)
    assert "\n" not in str(caught.value)
