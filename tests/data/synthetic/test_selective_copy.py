import math
from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unrolled.data import SelectiveCopy


@given(delay=st.integers(1, 20), length=st.integers(1, 6), symbols=st.integers(2, 9), seed=st.integers(0, 9))
def test_the_symbols_among_the_blanks_are_asked_for_in_their_order(delay, length, symbols, seed):
    data = SelectiveCopy(delay=delay, length=length, symbols=symbols, batch_size=20, batches=1, seed=seed)
    ((inputs, targets, _),) = data.train_dataloader()
    blank, delimiter = symbols, symbols + 1
    for read, told in zip(inputs.tolist(), targets.tolist(), strict=True):
        assert len(read) == len(told) == delay + 2 * length
        end = read.index(delimiter)
        assert end == delay + length - 1 and read[end + 1 :] == [blank] * length
        string = [token for token in read[:end] if token != blank]
        assert len(string) == length and max(string) < symbols
        assert told == [*[blank] * (end + 1), *string]
    assert data.sizes() == {"vocabulary_size": symbols + 2, "classes": symbols + 1}


def test_each_set_of_places_is_as_likely():
    data = SelectiveCopy(delay=5, length=2, batch_size=15_000, batches=1)
    ((inputs, _, _),) = data.train_dataloader()
    counts = Counter(tuple(row.nonzero().flatten().tolist()) for row in inputs[:, :6] < data.symbols)
    assert len(counts) == 15 and sum((n - 1000) ** 2 / 1000 for n in counts.values()) < 36.1  # chi-squared, 14, 0.1 %


@pytest.mark.parametrize(("delay", "length", "symbols"), [(7, 3, 4), (30, 5, 8)])
def test_the_best_guess_without_memory_costs_what_is_told(delay, length, symbols):
    data = SelectiveCopy(delay=delay, length=length, symbols=symbols, eval_batches=1, eval_batch_size=20_000)
    ((_, targets, _),) = data.test_dataloader()
    shares = torch.nn.functional.one_hot(targets, symbols + 1).double().mean(0)  # (T, C)
    nats = -(shares * shares.clamp(min=1e-300).log()).sum(-1).mean()
    assert float(nats) == pytest.approx(data.baselines()["memoryless"], rel=1e-3)
    assert data.baselines()["memoryless"] == pytest.approx(length * math.log(symbols) / (delay + 2 * length), rel=1e-15)
