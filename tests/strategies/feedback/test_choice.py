"""How often the truth is read: the coins that the strategies of the feedback seam toss, counted."""

import math

import pytest
import pytorch_lightning as pl
import torch

from conformance.feedback_spy import FROZEN, spied
from conformance.token_streams import V
from conformance.training import DROPOUT, make, train
from unrolled import compose
from unrolled.data.loaders.token_stream import StreamLoader
from unrolled.strategies import ParallelScheduledSampling, ScheduledSampling, TeacherForcing, TruncatedBPTT
from unrolled.tasks import LanguageModeling

ROWS, STEPS, BATCHES = 100, 41, 6
SIGMAS = 4.0  # about one false alarm in 16,000; the seed is fixed


def coins(*strategies, **arguments):
    """(BATCHES, ROWS, STEPS - 1) bool: whether the truth was read, behind each batch's first step."""
    tokens = torch.randint(1, V, (ROWS * STEPS * BATCHES,), generator=torch.Generator().manual_seed(2))
    loader = StreamLoader(tokens, begin=0, rows=ROWS, window=STEPS)
    _, spy = spied(*strategies, loader=loader, deaf=True, optimizer=FROZEN, **arguments)
    read = torch.cat(spy.trained, 1).unflatten(1, (BATCHES, STEPS)).transpose(0, 1)
    truth = torch.stack([batch.inputs for batch in loader])
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


PAPER = {
    "constant": lambda i, n: 1.0,
    # epsilon_i of Bengio et al. 2015, section 2.4, for a way from 1 to 0 over n steps
    "linear": lambda i, n: max(0.0, 1 - i / n),  # max(epsilon, k - c i)
    "exponential": lambda i, n: (0.01 ** (1 / n)) ** i,  # k^i, a hundredth left after n
    "inverse_sigmoid": lambda i, n: inverse_sigmoid(i, solve(lambda k: k * math.log(k), n / 2, 1.0, n + 2.0)),
}


@pytest.mark.parametrize("decay", PAPER)
@pytest.mark.parametrize("owner", [ScheduledSampling, ParallelScheduledSampling])
def test_the_realised_share_falls_as_the_paper_has_it(owner, decay):
    heard = coins(owner, start=0.95, end=0.1, decay=decay, over=5)
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


def test_a_coin_for_each_row_of_a_batch_lasts_over_its_windows():
    heard = coins(TeacherForcing, TruncatedBPTT, ratio=0.4, coin_per="sequence", k1=6, k2=6)
    assert torch.equal(heard, heard[:, :, :1].expand_as(heard))
    rows = heard[:, :, 0]
    assert_share(rows, 0.4)
    assert_share(rows[:, 1::2] == rows[:, ::2], 0.4**2 + 0.6**2)
    assert_share(rows[1::2] == rows[::2], 0.4**2 + 0.6**2)


def test_one_coin_for_a_batch():
    found = torch.stack([coins(TeacherForcing, ratio=0.4, coin_per="batch", seed=seed) for seed in range(8)])
    assert torch.equal(found, found[:, :, :1, :1].expand_as(found))
    assert 6 <= int(found[:, :, 0, 0].sum()) <= 32, "of 48, 19 in the mean"


def test_a_number_that_a_row_drew_once_meets_the_ratio_of_each_window():
    """While the ratio falls from window to window, a row goes from the truth to its own, and never back."""
    schedule = {"start": 1.0, "end": 0.0, "decay": "linear", "over": 7, "k1": 6, "k2": 6, "coin_per": "sequence"}
    first = coins(ScheduledSampling, TruncatedBPTT, **schedule)[0]
    windows = torch.stack([first[:, 6 * k] for k in range(7)], 1)  # the second step of each
    assert not (windows[:, 1:] & ~windows[:, :-1]).any()
    for k in range(1, 7):
        assert_share(windows[:, k], 1 - k / 7)


def test_coins_of_their_own_do_not_move_the_global_numbers():
    """What dropout draws is the same whoever shares a coin, and as without feedback where the truth comes out."""
    plain = train(LanguageModeling, **DROPOUT)
    for per in ("sequence", "batch"):
        same = train(compose(LanguageModeling, TeacherForcing), ratio=1 - 1e-9, coin_per=per, **DROPOUT)
        assert torch.equal(torch.stack(same.losses)[0], torch.stack(plain.losses)[0])


class Logged(pl.Callback):
    """The sums that the log's means are made of, after the last batch."""

    def on_train_batch_end(self, trainer, task, *_):
        self.means = task.summarize(
            {name: total / count for name, (total, count) in task.training_metrics.records.items()}
        )


@pytest.mark.parametrize("ratio", [0.0, 0.3, 0.9])
def test_the_log_tells_the_ratio_and_the_share_that_came_of_it(ratio):
    logged = Logged()
    heard = coins(TeacherForcing, ratio=ratio, callbacks=[logged])
    assert float(logged.means["strategy/truth_share"]) == pytest.approx(float(heard.float().mean()), abs=1e-6)
    assert float(logged.means["strategy/teacher_forcing_ratio"]) == pytest.approx(ratio)
    assert not {"strategy/choices", "strategy/truths"} & logged.means.keys()


def test_without_a_choice_there_is_no_share():
    logged = Logged()
    coins(TeacherForcing, ratio=1.0, callbacks=[logged])
    assert "strategy/truth_share" not in logged.means and logged.means["strategy/teacher_forcing_ratio"] == 1
