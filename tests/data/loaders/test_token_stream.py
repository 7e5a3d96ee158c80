import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unrolled.data.loaders.token_stream import StreamLoader
from unrolled.errors import InputError
from unrolled.functional.batch import IGNORE

BEGIN = 10_000


def streams(count, rows, window, world_size=1):
    """One loader per process over the tokens 0, 1, ..., count - 1: a token's number is its place."""
    tokens = torch.arange(count)
    return [
        StreamLoader(tokens, begin=BEGIN, rows=rows, window=window, rank=rank, world_size=world_size)
        for rank in range(world_size)
    ]


sizes = {
    "count": st.integers(1, 300),
    "rows": st.integers(1, 9),
    "window": st.integers(1, 40),
    "world_size": st.integers(1, 4),
}


@given(**sizes)
def test_every_token_is_a_target_once_and_follows_its_input(count, rows, window, world_size):
    targets = []
    for loader in streams(count, rows, window, world_size):
        for batch in loader:
            real = batch.targets != IGNORE
            targets += batch.targets[real].tolist()
            inputs = batch.inputs[real]
            assert torch.equal(torch.where(inputs == BEGIN, -1, inputs) + 1, batch.targets[real])
    assert sorted(targets) == list(range(count))


@given(**sizes)
def test_rows_read_on_and_ranks_hold_contiguous_parts(count, rows, window, world_size):
    pieces = [list(loader) for loader in streams(count, rows, window, world_size)]
    assert len({len(piece) for piece in pieces}) == 1
    read = torch.cat([torch.cat([batch.targets for batch in piece], dim=1) for piece in pieces])
    columns = -(-count // (rows * world_size))
    assert read.shape == (rows * world_size, columns)
    assert torch.equal(read.flatten()[:count], torch.arange(count))
    assert (read.flatten()[count:] == IGNORE).all()


@given(**sizes)
def test_only_the_first_batch_is_fresh_and_only_the_last_is_shorter(count, rows, window, world_size):
    for loader in streams(count, rows, window, world_size):
        batches = list(loader)
        assert len(batches) == len(loader)
        for number, batch in enumerate(batches):
            assert batch.resets[:, 0].tolist() == [number == 0] * rows and not batch.resets[:, 1:].any()
        assert all(batch.inputs.shape == batch.targets.shape for batch in batches)
        assert all(batch.inputs.shape == (rows, window) for batch in batches[:-1])
        assert 1 <= batches[-1].inputs.shape[1] <= window


def test_batches_are_views():
    (loader,) = streams(100, 4, 5)
    addresses = {loader.inputs.untyped_storage().data_ptr(), loader.targets.untyped_storage().data_ptr()}
    for batch in loader:
        assert {batch.inputs.untyped_storage().data_ptr(), batch.targets.untyped_storage().data_ptr()} == addresses


@given(stop=st.integers(0, 7))
def test_a_restored_stream_goes_on_and_the_next_epoch_starts_anew(stop):
    whole, first, second = (streams(64, 2, 4)[0] for _ in range(3))
    expected = [batch.targets.tolist() for batch in whole]
    batches = iter(first)
    before = [next(batches).targets.tolist() for _ in range(stop)]
    assert first.state_dict() == {"epoch": 0, "position": stop, "batches": 8}
    second.load_state_dict(first.state_dict())
    assert second.state_dict() == first.state_dict()  # a save between loading and reading loses nothing
    rest = list(second)
    assert before + [batch.targets.tolist() for batch in rest] == expected
    assert rest[0].resets[:, 0].all() == (stop == 0)
    assert [batch.targets.tolist() for batch in second] == expected


def test_a_position_saved_in_another_epoch_is_over():
    (loader,) = streams(64, 2, 4)
    loader.load_state_dict({"epoch": 0, "position": 3, "batches": 8})
    loader.sampler.set_epoch(1)  # limit_train_batches ended epoch 0 at its third batch
    assert next(iter(loader)).resets[:, 0].all()


def test_a_checkpoint_of_other_streams_is_refused():
    (loader,) = streams(64, 2, 4)
    with pytest.raises(InputError, match="expected 8 batches in an epoch, got 9; resume with the same"):
        loader.load_state_dict({"epoch": 0, "position": 3, "batches": 9})


def test_a_document_starts_anew_in_the_middle_of_a_row():
    """Its first token is read behind `begin`, and its row is fresh there; all tokens are still targets once."""
    tokens, starts = torch.arange(1, 24), torch.tensor([5, 6, 17])
    plain, cut = (StreamLoader(tokens, begin=0, rows=2, window=5, starts=given) for given in (None, starts))
    columns = cut.inputs.shape[1]
    for row in range(2):
        for column in range(columns):
            n = row * columns + column
            assert cut.resets[row, column] == (column == 0 or n in starts.tolist())
            assert cut.inputs[row, column] == (0 if n in starts.tolist() else plain.inputs[row, column])
    assert torch.equal(cut.targets, plain.targets)
    assert torch.equal(torch.cat([batch.resets for batch in cut], 1), cut.resets)
