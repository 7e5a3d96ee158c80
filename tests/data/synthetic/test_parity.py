import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unrolled.data import Parity
from unrolled.errors import InputError
from unrolled.functional.batch import IGNORE, has_target


def lengths(batch):
    """Where each row's only target stands, counted from 1."""
    assert (has_target(batch.targets).sum(1) == 1).all()
    return has_target(batch.targets).int().argmax(1) + 1


@given(length=st.integers(1, 20), more=st.integers(1, 20), seed=st.integers(0, 9))
def test_the_target_is_whether_the_ones_are_odd(length, more, seed):
    data = Parity(length=length, test_length=length + more, batch_size=20, batches=1, eval_batches=1, seed=seed)
    for loader in (data.train_dataloader(), data.val_dataloader(), data.test_dataloader()):
        (batch,) = loader
        for read, told, last in zip(*map(torch.Tensor.tolist, batch[:2]), lengths(batch).tolist(), strict=True):
            assert set(read) <= {0, 1} and not any(read[last:])
            assert told == [*[IGNORE] * (last - 1), read.count(1) % 2, *[IGNORE] * (len(read) - last)]


def test_the_test_asks_for_lengths_that_training_never_had():
    data = Parity(length=10, test_length=25, batch_size=3000, batches=1, eval_batch_size=3000, eval_batches=1)
    loaders = (data.train_dataloader(), data.val_dataloader(), data.test_dataloader())
    for loader, wanted in zip(loaders, (range(1, 11), range(1, 11), range(11, 26)), strict=True):
        (batch,) = loader
        assert batch.inputs.shape[1] == wanted[-1]
        counts = lengths(batch).bincount(minlength=wanted[-1] + 1)
        assert not counts[: wanted[0]].any() and len(counts) == wanted[-1] + 1
        expected = 3000 / len(wanted)
        assert float(((counts[wanted[0] :] - expected) ** 2 / expected).sum()) < 36.1  # chi-squared, 14, 0.1 %


def test_guessing_costs_what_is_told():
    data = Parity(length=5, test_length=9, eval_batches=1, eval_batch_size=50_000)
    (batch,) = data.test_dataloader()
    shares = batch.targets[has_target(batch.targets)].bincount(minlength=2).double() / 50_000
    assert float(-(shares * shares.log()).sum()) == pytest.approx(data.baselines()["chance"], rel=1e-3)
    assert data.baselines()["chance"] == pytest.approx(math.log(2), rel=1e-15)


def test_a_test_no_longer_than_training_is_refused():
    with pytest.raises(InputError) as caught:
        Parity(length=40, test_length=40).setup()
    assert str(caught.value) == (
        "data.init_args.test_length: expected more than the 40 of data.init_args.length, got 40"
    )
