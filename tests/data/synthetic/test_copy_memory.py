import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unrolled.data import CopyMemory


@given(delay=st.integers(1, 20), length=st.integers(1, 6), symbols=st.integers(2, 9), seed=st.integers(0, 9))
def test_the_string_is_asked_for_behind_the_delimiter(delay, length, symbols, seed):
    data = CopyMemory(delay=delay, length=length, symbols=symbols, batch_size=20, batches=1, seed=seed)
    ((inputs, targets, _),) = data.train_dataloader()
    blank, delimiter = symbols, symbols + 1
    for read, told in zip(inputs.tolist(), targets.tolist(), strict=True):
        assert len(read) == len(told) == delay + 2 * length
        string = [token for token in read if token < symbols]
        assert read == [*string, *[blank] * (delay - 1), delimiter, *[blank] * length] and len(string) == length
        assert told == [*[blank] * (read.index(delimiter) + 1), *string]
    assert data.sizes() == {"vocabulary_size": symbols + 2, "classes": symbols + 1}
    assert int(inputs.max()) < data.sizes()["vocabulary_size"] and int(targets.max()) < data.sizes()["classes"]


def test_every_symbol_is_as_likely():
    ((inputs, _, _),) = CopyMemory(delay=1, length=10, batch_size=2000, batches=1).train_dataloader()
    counts = torch.bincount(inputs[:, :10].flatten(), minlength=8).double()
    assert len(counts) == 8 and float(((counts - 2500) ** 2 / 2500).sum()) < 24.3  # chi-squared, 7 degrees, 0.1 %


@pytest.mark.parametrize(("delay", "length", "symbols"), [(7, 3, 4), (100, 10, 8)])
def test_the_best_guess_without_memory_costs_what_is_told(delay, length, symbols):
    """Its probabilities are counted from the data, step by step; no other guess that ignores the inputs is better."""
    data = CopyMemory(delay=delay, length=length, symbols=symbols, eval_batches=1, eval_batch_size=20_000)
    ((_, targets, _),) = data.test_dataloader()
    shares = torch.nn.functional.one_hot(targets, symbols + 1).double().mean(0)  # (T, C)
    nats = -(shares * shares.clamp(min=1e-300).log()).sum(-1).mean()
    assert float(nats) == pytest.approx(data.baselines()["memoryless"], rel=1e-3)
    assert data.baselines()["memoryless"] == pytest.approx(length * math.log(symbols) / (delay + 2 * length), rel=1e-15)
