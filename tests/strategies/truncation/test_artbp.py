"""ARTBP has no bias: over all outcomes of its coins exactly, over draws within their standard error."""

import math
from collections import Counter
from functools import cache
from itertools import pairwise, product

import pytest
import torch
from torch.utils.data import DataLoader

from conformance.token_streams import B, V
from conformance.training import DROPOUT, assert_close, assert_same, fit, make, train
from unrolled import compose
from unrolled.functional.batch import IGNORE, SequenceBatch
from unrolled.strategies import ARTBP, CarriedState, TruncatedBPTT
from unrolled.tasks import LanguageModeling, SequenceRegression

CUT, PASS = 0.0, 1 - 2**-53
FROZEN = {"class_path": "SGD", "init_args": {"lr": 0.0}}
CELLS = {
    f"{cell}, {layers}": {"class_path": cell, "init_args": {"hidden_size": 4, "num_layers": layers}}
    for cell in ("RNN", "GRU", "LSTM")
    for layers in (1, 2)
}
each_cell = pytest.mark.parametrize("cell", CELLS)
Drawn = compose(LanguageModeling, ARTBP)


class Enumerated(ARTBP):
    """Batch i gets outcome i of the coins."""

    def coins(self, count):
        return [*product([CUT, PASS], repeat=count)][self.trainer.global_step]


def sequence(length):
    """One batch; some steps have nothing to predict, and now and then a whole window."""
    random = torch.Generator().manual_seed(3)
    inputs, targets = torch.randint(V, (2, B, length), generator=random)
    targets[0, : length // 2] = targets[:, 2] = IGNORE
    return SequenceBatch(inputs, targets, (torch.arange(length) == 0).repeat(B, 1))


def run(cls, cell, length, batches=1, **arguments):
    """The gradients of all windows of `batches` times the same batch, the weights frozen at large values."""
    task = {"architecture": CELLS[cell], "embedding_size": 3, "optimizer": FROZEN}
    loader = DataLoader([sequence(length)] * batches, batch_size=None)
    one_epoch = {"max_epochs": 1}
    return train(enlarged(cls), loader=loader, dtype=torch.float64, trainer=one_epoch, **task, **arguments)


@cache
def enlarged(cls):
    """The same with recurrent weights so large that much flows through time."""

    class Enlarged(cls):
        def on_train_start(self):
            super().on_train_start()
            with torch.no_grad():
                for parameter in self.architecture.parameters():
                    parameter.mul_(2.5)

    return Enlarged


def flat(gradients):
    return torch.cat([value.flatten() for _, value in sorted(gradients.items())])


def probability(outcome, expected_length, alpha, every):
    chance, since = 1.0, 0
    for coin in outcome:
        since += every
        c = (alpha - 1) / ((alpha - 2) * expected_length / every + since / every)
        chance *= c if coin == CUT else 1 - c
        since = 0 if coin == CUT else since
    return chance


@cache
def every_outcome(cell, length, expected_length, alpha=4.0, every=1):
    """For each outcome of the coins its probability, and the sum of the gradients of its windows (parameters,)."""
    outcomes = [*product([CUT, PASS], repeat=len(range(every, length, every)))]
    arguments = {"expected_length": expected_length, "tail_exponent": alpha, "coin_every": every}
    found = run(compose(LanguageModeling, Enumerated), cell, length, len(outcomes), **arguments)
    gradients, sums = iter(found.gradients), []
    predicted = (sequence(length).targets != IGNORE).any(0)
    for outcome in outcomes:
        cuts = [0, *(t for t, coin in zip(range(every, length, every), outcome, strict=True) if coin == CUT), length]
        taught = sum(bool(predicted[a:b].any()) for a, b in pairwise(cuts))
        sums.append(sum(flat(next(gradients)) for _ in range(taught)))
    assert next(gradients, None) is None
    chances = [probability(outcome, expected_length, alpha, every) for outcome in outcomes]
    return torch.tensor(chances, dtype=torch.float64), torch.stack(sums)


def full(cell, length):
    return flat(run(LanguageModeling, cell, length).gradients[0])


def close(actual, expected):
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-12 * float(expected.abs().max()))


@each_cell
@pytest.mark.parametrize(("length", "every"), [(7, 1), (10, 3)])
def test_the_mean_over_all_outcomes_is_the_full_gradient(cell, length, every):
    """T / L0 times the gradient of the batch's mean loss, summed over the windows of a batch."""
    chances, gradients = every_outcome(cell, length, 3.5, 4.0, every)
    assert float(chances.sum()) == pytest.approx(1, abs=1e-12)
    close(chances @ gradients, length / 3.5 * full(cell, length))


@pytest.mark.parametrize("alpha", [2.5, 6.0])
def test_whatever_the_tail(alpha):
    chances, gradients = every_outcome("LSTM, 1", 6, 2.0, alpha)
    close(chances @ gradients, 6 / 2.0 * full("LSTM, 1", 6))


def test_an_expected_length_beyond_the_batch_sums_up_to_the_mean_loss_once():
    chances, gradients = every_outcome("GRU, 1", 6, 20.0)
    close(chances @ gradients, full("GRU, 1", 6))


@pytest.mark.parametrize("cell", ["RNN, 1", "LSTM, 2"])
def test_ten_thousand_draws_against_plain_truncation(cell):
    """Within their standard error of full BPTT, from which truncated BPTT is many of them away."""
    length, mean, draws = 9, 3.0, 10_000
    chances, gradients = every_outcome(cell, length, mean)
    number = {outcome: i for i, outcome in enumerate(product([CUT, PASS], repeat=length - 1))}
    task, counts = make(Drawn, expected_length=mean), Counter()
    for step in range(draws):
        task.optimizer_steps = step
        outcome, since = [], 0
        for coin in task.coins(length - 1):
            since += 1
            outcome.append(CUT if coin < 3 / (2 * mean + since) else PASS)
            since = 0 if outcome[-1] == CUT else since
        counts[number[tuple(outcome)]] += 1
    weights = torch.tensor([counts[i] for i in range(len(chances))], dtype=torch.float64) / draws
    average = weights @ gradients
    error = ((weights @ gradients.square() - average.square()) / draws).sqrt()
    exact = length / mean * full(cell, length)
    moved = error > 1e-9 * exact.abs().max()  # an output layer's bias is the same whatever is cut

    def rms(away):
        return float((away / error)[moved].square().mean().sqrt())

    truncated = run(compose(LanguageModeling, TruncatedBPTT), cell, length, k1=3)
    counted = [(sequence(length).targets[:, t : t + 3] != IGNORE).sum() for t in range(0, length, 3)]
    biased = sum(flat(g) * n / sum(counted) for g, n in zip(truncated.gradients, counted, strict=True))
    assert rms(average - exact) < 1.5
    assert float(((average - exact) / error)[moved].abs().max()) < 5
    assert rms(length / mean * biased - exact) > 10


@pytest.mark.parametrize("arguments", [{}, {"coin_every": 3}, {"tail_exponent": 2.5}])
def test_an_endless_expected_length_is_full_backpropagation(arguments):
    absent = train(LanguageModeling, **DROPOUT)
    assert_same(train(Drawn, expected_length=math.inf, **arguments, **DROPOUT), absent)


def test_a_coin_as_rare_as_the_expected_length_is_truncation():
    """Then every coin cuts; the steps are those of windows of that length, but for what the last, short one counts."""
    sgd = {"optimizer": {"class_path": "SGD", "init_args": {"lr": 0.1}}, "dtype": torch.float64}
    drawn = train(Drawn, expected_length=2.0, coin_every=2, **sgd)
    truncated = train(compose(LanguageModeling, TruncatedBPTT), k1=2, **sgd)
    assert_close(drawn.gradients[0], truncated.gradients[0])
    assert len(drawn.losses) == len(truncated.losses)


def test_batches_without_any_target_are_read_and_not_learnt_from():
    """The first and the third: the other two go on as they would alone, a state carried through all."""
    batches = [sequence(7) for _ in range(4)]
    for i in (0, 2):
        batches[i] = batches[i]._replace(targets=torch.full_like(batches[i].targets, IGNORE))
    loader = DataLoader(batches, batch_size=None)
    run = train(compose(LanguageModeling, ARTBP, CarriedState), loader=loader, expected_length=3.0)
    assert run.task.optimizer_steps == len(run.losses) > 4


def test_its_log():
    logged = train(Drawn, expected_length=4.0, trainer={"log_every_n_steps": 1}).trainer.callback_metrics
    assert 1 <= logged["strategy/window_length"] <= 4 and logged["strategy/largest_compensation"] >= 1


def test_the_defaults():
    task = make(Drawn)
    assert (task.expected_length, task.tail_exponent, task.coin_every) == (16, 4, 1)


def numbers():
    """Two outputs, of which some are missing apart, and a step without any."""
    random = torch.Generator().manual_seed(3)
    inputs, targets = torch.randn(2, B, 6, 2, generator=random, dtype=torch.float64)
    targets[torch.rand(targets.shape, generator=random) < 0.3] = targets[:, 4] = float("nan")
    return SequenceBatch(inputs, targets, (torch.arange(6) == 0).repeat(B, 1))


def of_numbers(cls, batches, **arguments):
    torch.manual_seed(1)
    sizes = {"input_size": 2, "output_size": 2, "architecture": CELLS["LSTM, 1"], "optimizer": FROZEN}
    task = enlarged(cls)(**sizes, **arguments).double()
    return fit(task, DataLoader([numbers()] * batches, batch_size=None), trainer={"max_epochs": 1}).gradients


def test_of_several_numbers_a_step_each_counts():
    """The sum over a batch's windows, whichever outcome of the coins: T / L0 times the mean loss's gradient."""
    outcomes = [*product([CUT, PASS], repeat=5)]
    gradients = iter(of_numbers(compose(SequenceRegression, Enumerated), len(outcomes), expected_length=3.0))
    mean = 0
    for outcome in outcomes:
        cuts = [0, *(t for t, coin in enumerate(outcome, start=1) if coin == CUT), 6]
        taught = sum((a, b) != (4, 5) for a, b in pairwise(cuts))
        mean = mean + probability(outcome, 3.0, 4.0, 1) * sum(flat(next(gradients)) for _ in range(taught))
    close(mean, 6 / 3.0 * flat(of_numbers(SequenceRegression, 1)[0]))
