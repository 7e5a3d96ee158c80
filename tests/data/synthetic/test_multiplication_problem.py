import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unrolled.data import AddingProblem, MultiplicationProblem


@given(length=st.integers(2, 40), seed=st.integers(0, 9))
def test_the_target_is_the_product_of_one_marked_number_of_each_half(length, seed):
    data = MultiplicationProblem(length=length, batch_size=20, batches=1, seed=seed)
    ((inputs, targets, _),) = data.train_dataloader()
    assert inputs.shape == (20, length, 2) and targets.shape == (20, length, 1)
    assert targets[:, :-1].isnan().all()
    for row, target in zip(inputs.tolist(), targets[:, -1, 0].tolist(), strict=True):
        marked = [step for step, (_, marker) in enumerate(row) if marker == 1]
        assert len(marked) == 2 and marked[0] < length // 2 <= marked[1]
        assert target == pytest.approx(math.prod(row[step][0] for step in marked), abs=1e-6)


def test_it_reads_what_the_adding_problem_reads():
    adding, product = (made(length=9).test_dataloader().batch(3) for made in (AddingProblem, MultiplicationProblem))
    assert torch.equal(adding.inputs, product.inputs)


def test_no_constant_is_better_than_the_one_that_is_told():
    data = MultiplicationProblem(length=10, eval_batches=20, eval_batch_size=5000)
    answers = torch.cat([batch.targets[:, -1, 0].double() for batch in data.test_dataloader()])
    errors = (answers - 1 / 4) ** 2
    standard_error = errors.std() / len(errors) ** 0.5
    assert len(errors) == 100_000 and abs(errors.mean() - data.baselines()["constant"]) < 4 * standard_error < 0.003
    assert answers.var() == pytest.approx(data.baselines()["constant"], rel=0.02)  # the best constant is the mean
