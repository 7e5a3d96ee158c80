import pytest
import torch

from unrolled.functional.batch import (
    IGNORE,
    ForecastBatch,
    at_end,
    drop_targets,
    has_target,
    lengthen,
    num_targets,
    pad_rows,
    row_lengths,
)


def test_a_label_stands_at_the_last_step():
    assert at_end(torch.tensor(3), 4).tolist() == [IGNORE, IGNORE, IGNORE, 3]
    several = at_end(torch.tensor([1.0, 0.0]), 3)
    assert several[:2].isnan().all() and several[2].tolist() == [1.0, 0.0]


def test_rows_are_padded_behind_their_ends():
    inputs = [torch.tensor([5, 6, 7]), torch.tensor([8])]
    read, targets, fresh = pad_rows(inputs, [at_end(torch.tensor(k), len(row)) for k, row in enumerate(inputs)], 4)
    assert read.tolist() == [[5, 6, 7, 0], [8, 0, 0, 0]]
    assert targets.tolist() == [[IGNORE, IGNORE, 0, IGNORE], [1, IGNORE, IGNORE, IGNORE]]
    assert fresh.tolist() == [[True, False, False, False]] * 2
    assert pad_rows(inputs, [at_end(torch.tensor(0), len(row)) for row in inputs]).inputs.shape == (2, 3)


@pytest.mark.parametrize("numbers", [False, True])
def test_ends_are_behind_the_last_targets(numbers):
    lengths = [4, 1, 6, 2]
    rows = [torch.rand(length, 3) if numbers else torch.ones(length, dtype=torch.long) for length in lengths]
    label = torch.tensor([0.0, 1.0]) if numbers else torch.tensor(1)
    batch = pad_rows(rows, [at_end(label, length) for length in lengths])
    assert row_lengths(batch.targets).tolist() == lengths
    assert int(has_target(batch.targets).sum()) == 4
    nothing = torch.full((2, 5), IGNORE)
    assert row_lengths(nothing).tolist() == [1, 1]


def test_a_forecast_batch_keeps_its_rows_when_it_is_lengthened():
    targets = torch.tensor([[[1.0, float("nan")], [float("nan")] * 2], [[2.0, 3.0], [4.0, 5.0]]])
    fresh = torch.tensor([[True, False]] * 2)
    batch = ForecastBatch(torch.ones(2, 2, 3), targets, fresh, torch.arange(18.0).view(2, 9))
    longer = lengthen(batch, 5)
    assert isinstance(longer, ForecastBatch) and torch.equal(longer.rows, batch.rows)
    assert longer.inputs.shape == (2, 5, 3) and longer.targets[:, 2:].isnan().all() and not longer.resets[:, 2:].any()
    assert has_target(longer.targets).tolist() == [
        [True, False, False, False, False],
        [True, True, False, False, False],
    ]
    assert int(num_targets(longer.targets)) == 5
    assert has_target(drop_targets(batch.targets, fresh)).tolist() == [[False, False], [False, True]]
    assert lengthen(batch, 2) is batch
