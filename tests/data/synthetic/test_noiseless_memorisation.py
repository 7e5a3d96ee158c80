import math
from collections import Counter
from itertools import product

import pytest
import torch

from unrolled.data import NoiselessMemorisation


def patterns(data, batch):
    """What is asked for in each row, and that it is what was read first."""
    inputs, targets, _ = batch
    blank, delimiter = data.symbols, data.symbols + 1
    for read, told in zip(inputs.tolist(), targets.tolist(), strict=True):
        string = read[: data.length]
        assert read == [*string, *[blank] * (data.delay - 1), delimiter, *[blank] * data.length]
        assert told == [*[blank] * (data.delay + data.length), *string]
        yield tuple(string)


@pytest.mark.parametrize(("length", "symbols", "rows"), [(5, 2, 32), (5, 2, 64), (2, 3, 9), (1, 2, 2)])
def test_a_batch_deals_out_every_pattern_as_often(length, symbols, rows):
    data = NoiselessMemorisation(delay=3, length=length, symbols=symbols, batch_size=rows, batches=2)
    first, second = ([*patterns(data, batch)] for batch in data.train_dataloader())
    every = [*product(range(symbols), repeat=length)]
    assert Counter(first) == Counter(every * (rows // len(every))) == Counter(second)


def test_a_batch_of_other_rows_deals_out_as_evenly_as_it_can():
    data = NoiselessMemorisation(delay=2, length=3, symbols=2, batch_size=20, batches=1)
    (batch,) = data.train_dataloader()
    counts = Counter(patterns(data, batch))
    assert len(counts) == 8 and set(counts.values()) == {2, 3}


def test_patterns_stand_in_a_new_order_each_time():
    data = NoiselessMemorisation(batch_size=32, batches=2)
    first, second = ([*patterns(data, batch)] for batch in data.train_dataloader())
    assert first != second


def test_more_patterns_than_rows_are_drawn():
    data = NoiselessMemorisation(delay=1, length=10, symbols=5, batch_size=2000, batches=1)
    (batch,) = data.train_dataloader()
    drawn = [*patterns(data, batch)]
    assert len(set(drawn)) > 1990
    counts = torch.bincount(torch.tensor(drawn).flatten(), minlength=5).double()
    assert len(counts) == 5 and float(((counts - 4000) ** 2 / 4000).sum()) < 18.5  # chi-squared, 4 degrees, 0.1 %


def test_the_best_guess_without_memory_costs_what_is_told():
    data = NoiselessMemorisation(delay=7, eval_batches=1, eval_batch_size=32)
    ((_, targets, _),) = data.test_dataloader()
    shares = torch.nn.functional.one_hot(targets, 3).double().mean(0)  # (T, C): all patterns, so no sampling error
    nats = -(shares * shares.clamp(min=1e-300).log()).sum(-1).mean()
    assert float(nats) == pytest.approx(data.baselines()["memoryless"], rel=1e-12)
    assert data.baselines()["memoryless"] == pytest.approx(5 * math.log(2) / 17, rel=1e-15)
