"""Whole sequences as rows: each once an epoch, in any number of processes, whatever their lengths."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unrolled.data.loaders.bucketed import BucketedLoader
from unrolled.errors import InputError
from unrolled.functional.batch import IGNORE, at_end, has_target, row_lengths

LENGTHS = st.lists(st.integers(1, 9), min_size=1, max_size=40)


def made(lengths, **arguments):
    """Sequence number i holds i at each step, and has the class i % 3."""
    inputs = [torch.full((length,), number) for number, length in enumerate(lengths)]
    targets = [at_end(torch.tensor(number % 3), length) for number, length in enumerate(lengths)]
    return BucketedLoader(inputs, targets, **arguments)


def heard(loader):
    """(number, class) of each row with a target."""
    found = []
    for batch in loader:
        marked = has_target(batch.targets)
        found += zip(batch.inputs[marked].tolist(), batch.targets[marked].tolist(), strict=True)
    return found


@given(LENGTHS, st.integers(1, 5), st.integers(1, 3), st.sampled_from([None, 1, 7]), st.sampled_from([None, 2, 4]))
def test_each_sequence_exactly_once_over_all_processes(lengths, rows, processes, shuffle, chunk):
    loaders = [
        made(lengths, rows=rows, shuffle=shuffle, chunk=chunk, rank=rank, world_size=processes)
        for rank in range(processes)
    ]
    assert len({len(loader) for loader in loaders}) == 1
    for epoch in (0, 1):
        for loader in loaders:
            loader.set_epoch(epoch)
        found = [row for loader in loaders for row in heard(loader)]
        assert sorted(found) == [(number, number % 3) for number in range(len(lengths))]
        assert all(len(list(loader)) == len(loader) for loader in loaders)
        for batches in zip(*loaders, strict=True):
            assert len({batch.inputs.shape[1] for batch in batches}) == 1  # the processes agree on the steps
            assert all(len(batch.inputs) <= rows for batch in batches)


@given(LENGTHS, st.integers(1, 5))
def test_a_row_is_its_sequence_and_padding(lengths, rows):
    for batch in made(lengths, rows=rows, shuffle=3):
        for row, length in enumerate(row_lengths(batch.targets).tolist()):
            number = int(batch.inputs[row, 0])
            assert length == lengths[number]
            assert (batch.inputs[row, :length] == number).all() and (batch.inputs[row, length:] == 0).all()
            assert batch.resets[row].tolist() == [True] + [False] * (batch.inputs.shape[1] - 1)


def test_chunks_follow_each_other_and_go_on():
    loader = made([5, 2, 9], rows=3, chunk=4)
    batches = list(loader)
    assert [batch.inputs.shape[1] for batch in batches] == [4, 4, 1]
    whole = torch.cat([batch.inputs for batch in batches], 1)
    assert whole[:, 0].tolist() == [1, 0, 2]  # by length
    assert torch.equal(whole[2], torch.full((9,), 2))
    assert torch.equal(torch.cat([batch.targets for batch in batches], 1)[0, :3], torch.tensor([IGNORE, 1, IGNORE]))
    assert [bool(batch.resets.any()) for batch in batches] == [True, False, False]


@pytest.mark.parametrize("chunk", [None, 7])
def test_training_shuffles_by_seed_and_epoch_and_evaluation_does_not(chunk):
    lengths = [1 + number % 7 for number in range(60)]
    orders = {}
    for seed in (1, 2):
        for epoch in (0, 1):
            loader = made(lengths, rows=4, shuffle=seed, chunk=chunk)
            loader.set_epoch(epoch)
            orders[seed, epoch] = tuple(heard(loader))
            assert tuple(heard(loader)) == orders[seed, epoch]
    assert len(set(orders.values())) == 4
    still = made(lengths, rows=4)
    first = heard(still)
    still.set_epoch(5)
    assert heard(still) == first


def test_rows_of_a_batch_are_of_about_one_length():
    lengths = torch.randint(1, 200, (2000,)).tolist()
    bucketed = made(lengths, rows=20, shuffle=1)
    steps = sum(batch.inputs.numel() for batch in bucketed)
    assert bucketed.padding() == pytest.approx(1 - sum(lengths) / steps, abs=1e-12)
    assert bucketed.padding() < 0.05 < 0.4 < 1 - sum(lengths) / (2000 * 195)  # unsorted: nearly half


@pytest.mark.parametrize("stop", range(6))
@pytest.mark.parametrize("chunk", [None, 3])
def test_a_restored_loader_goes_on(stop, chunk):
    lengths = [3] * 11 + [8] * 10
    first, second, whole = (made(lengths, rows=4, shuffle=1, chunk=chunk) for _ in range(3))
    for loader in (first, whole):
        loader.set_epoch(2)
    batches, expected = iter(first), list(whole)
    before = [next(batches) for _ in range(stop)]
    second.set_epoch(2)
    second.load_state_dict(first.state_dict())
    found = [*before, *second]
    assert len(found) == len(expected)
    assert all(
        torch.equal(a, b) for one, other in zip(found, expected, strict=True) for a, b in zip(one, other, strict=True)
    )
    with pytest.raises(InputError, match="resume with the same data, batch_size, over_long"):
        made(lengths, rows=3, chunk=chunk).load_state_dict(first.state_dict())
