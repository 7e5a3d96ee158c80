import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unrolled.data import RandomPermutation
from unrolled.functional.batch import IGNORE


@given(length=st.integers(2, 30), symbols=st.integers(3, 12), every_step=st.booleans(), seed=st.integers(0, 9))
def test_the_last_symbol_is_the_first_one(length, symbols, every_step, seed):
    data = RandomPermutation(length=length, symbols=symbols, every_step=every_step, batch_size=20, batches=1, seed=seed)
    ((inputs, targets, _),) = data.train_dataloader()
    assert inputs.shape == targets.shape == (20, length)
    for read, told in zip(inputs.tolist(), targets.tolist(), strict=True):
        assert read[0] in (0, 1) and all(2 <= symbol < symbols for symbol in read[1:])
        assert told == [*(read[1:] if every_step else [IGNORE] * (length - 1)), read[0]]
    assert data.sizes() == {"vocabulary_size": symbols, "classes": symbols}


def test_every_symbol_is_as_likely():
    ((inputs, _, _),) = RandomPermutation(length=11, symbols=10, batch_size=2000, batches=1).train_dataloader()
    keys, others = inputs[:, 0].bincount(minlength=2).double(), inputs[:, 1:].flatten().bincount(minlength=10)[2:]
    assert float(((keys - 1000) ** 2 / 1000).sum()) < 10.8  # chi-squared, 1 degree, 0.1 %
    assert len(others) == 8 and float(((others - 2500.0) ** 2 / 2500).sum()) < 24.3  # 7 degrees


@pytest.mark.parametrize("every_step", [False, True])
def test_guesses_cost_what_is_told(every_step):
    """Probabilities are counted from the data, of each step alone; with memory the last answer is free."""
    data = RandomPermutation(length=8, symbols=6, every_step=every_step, eval_batches=1, eval_batch_size=50_000)
    ((_, targets, _),) = data.test_dataloader()
    nats = []
    for told in targets.unbind(1):
        if (told != IGNORE).any():
            shares = told.bincount(minlength=6).double() / len(told)
            nats.append(-float((shares * shares.clamp(min=1e-300).log()).sum()))
    expected = {"memoryless": math.fsum(nats) / len(nats)}
    if every_step:
        expected["best possible"] = math.fsum(nats[:-1]) / len(nats)
    assert data.baselines() == pytest.approx(expected, rel=1e-3)
    assert len(nats) == (8 if every_step else 1)


def test_the_answer_does_not_stand_elsewhere():
    """No step but the first says more of the last target than chance: each pair of values is as likely."""
    ((inputs, targets, _),) = RandomPermutation(length=4, symbols=4, batch_size=8000, batches=1).train_dataloader()
    for step in range(1, 4):
        table = torch.bincount(2 * (inputs[:, step] - 2) + targets[:, -1], minlength=4).double()
        assert float(((table - 2000) ** 2 / 2000).sum()) < 16.3  # chi-squared, 3 degrees, 0.1 %
