import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unrolled.data import AddingProblem


@given(length=st.integers(2, 40), seed=st.integers(0, 9))
def test_the_target_is_the_sum_of_one_marked_number_of_each_half(length, seed):
    data = AddingProblem(length=length, batch_size=20, batches=1, seed=seed)
    ((inputs, targets, _),) = data.train_dataloader()
    assert inputs.shape == (20, length, 2) and targets.shape == (20, length, 1)
    assert targets[:, :-1].isnan().all()
    for row, target in zip(inputs.tolist(), targets[:, -1, 0].tolist(), strict=True):
        assert all(0 <= number < 1 for number, _ in row) and {marker for _, marker in row} <= {0.0, 1.0}
        marked = [step for step, (_, marker) in enumerate(row) if marker == 1]
        assert len(marked) == 2 and marked[0] < length // 2 <= marked[1]
        assert target == pytest.approx(math.fsum(row[step][0] for step in marked), abs=1e-6)


def test_markers_reach_every_step_of_their_half():
    data = AddingProblem(length=6, batch_size=500, batches=1)
    ((inputs, _, _),) = data.train_dataloader()
    share = inputs[..., 1].mean(0)
    torch.testing.assert_close(share, torch.full((6,), 1 / 3), atol=0.1, rtol=0)


def test_the_constant_has_the_error_that_is_told():
    data = AddingProblem(length=10, eval_batches=20, eval_batch_size=5000)
    errors = torch.cat([(batch.targets[:, -1, 0].double() - 1) ** 2 for batch in data.test_dataloader()])
    standard_error = errors.std() / len(errors) ** 0.5
    assert len(errors) == 100_000 and abs(errors.mean() - data.baselines()["constant"]) < 4 * standard_error < 0.003
