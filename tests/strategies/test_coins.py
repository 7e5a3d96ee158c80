"""How often the truth is read: the coins of TeacherForcing and ScheduledSampling, counted."""

import math

import pytest
import torch

from conformance.feedback import FROZEN, spied
from conformance.streams import V
from conformance.training import make
from unrolled import compose
from unrolled.data.streams import StreamLoader
from unrolled.strategies import ScheduledSampling, TeacherForcing
from unrolled.tasks import LanguageModeling

ROWS, STEPS, BATCHES = 100, 41, 6
SIGMAS = 4.0  # about one false alarm in 16,000; the seed is fixed


def coins(strategy, **arguments):
    """(BATCHES, ROWS, STEPS - 1) bool: whether the truth was read, behind each batch's first step."""
    tokens = torch.randint(1, V, (ROWS * STEPS * BATCHES,), generator=torch.Generator().manual_seed(2))
    loader = StreamLoader(tokens, begin=0, rows=ROWS, window=STEPS)
    _, spy = spied(strategy, loader=loader, deaf=True, optimizer=FROZEN, **arguments)
    read, truth = torch.stack(spy.trained), torch.stack([batch.inputs for batch in loader])
    assert torch.equal(read[:, :, 0], truth[:, :, 0])
    heard = read[:, :, 1:] != 0
    assert torch.equal(read[:, :, 1:], truth[:, :, 1:] * heard)  # nothing but the truth and the own token
    return heard


def assert_share(outcomes, probability):
    """A two-sided binomial test in its normal approximation (thousands of trials)."""
    n = outcomes.numel()
    sigma = math.sqrt(n * probability * (1 - probability))
    assert abs(float(outcomes.sum()) - n * probability) <= SIGMAS * sigma, (float(outcomes.float().mean()), probability)


@pytest.mark.parametrize("ratio", [0.1, 0.5, 0.9])
def test_a_fixed_ratio_and_independent_coins(ratio):
    heard = coins(TeacherForcing, ratio=ratio)
    assert heard.numel() == 24_000
    assert_share(heard, ratio)
    agree = ratio**2 + (1 - ratio) ** 2
    assert_share(heard[:, 1::2] == heard[:, ::2], agree)  # rows, pair by pair
    assert_share(heard[:, :, 1::2] == heard[:, :, ::2], agree)  # steps
    assert_share(heard[1::2] == heard[::2], agree)  # batches


def inverse_sigmoid(i, k):
    return k / (k + math.exp(i / k))


def solve(f, value, low, high):
    """x with f(x) = value, f rising."""
    for _ in range(200):
        low, high = (middle, high) if f(middle := (low + high) / 2) < value else (low, middle)
    return low


PAPER = {  # epsilon_i of Bengio et al. 2015, section 2.4, for a way from 1 to 0 over n steps
    "linear": lambda i, n: max(0.0, 1 - i / n),  # max(epsilon, k - c i)
    "exponential": lambda i, n: (0.01 ** (1 / n)) ** i,  # k^i, a hundredth left after n
    "inverse_sigmoid": lambda i, n: inverse_sigmoid(i, solve(lambda k: k * math.log(k), n / 2, 1.0, n + 2.0)),
}


@pytest.mark.parametrize("decay", PAPER)
def test_the_realised_share_falls_as_the_paper_has_it(decay):
    heard = coins(ScheduledSampling, start=0.95, end=0.1, decay=decay, over=5)
    for step in range(BATCHES):
        assert_share(heard[step], 0.1 + 0.85 * PAPER[decay](step, 5))


@pytest.mark.parametrize("decay", PAPER)
@pytest.mark.parametrize("over", [1, 2, 10, 1000, 100_000])
def test_the_ratio_is_the_papers_formula_at_every_step(decay, over):
    task = make(compose(LanguageModeling, ScheduledSampling), start=1.0, end=0.0, decay=decay, over=over)
    for step in sorted({0, 1, over // 4, over // 2, over, 2 * over}):
        task.optimizer_steps = step
        assert task.ratio() == pytest.approx(PAPER[decay](step, over), rel=1e-9, abs=1e-12), step


@pytest.mark.parametrize("decay", PAPER)
def test_the_ratio_stays_between_its_ends(decay):
    for start, end in [(1.0, 0.25), (0.0, 1.0), (0.5, 0.5)]:
        task = make(compose(LanguageModeling, ScheduledSampling), start=start, end=end, decay=decay, over=50)
        for task.optimizer_steps in (*range(0, 200, 7), 10**9):
            assert min(start, end) <= task.ratio() <= max(start, end)
