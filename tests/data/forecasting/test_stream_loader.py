"""Streams of series: every training step once, each row continues the row before; refused options."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from conformance.forecast_series import made, make
from unrolled.errors import InputError


def loader(data, rank, world_size):
    """The training loader of one process."""
    data.trainer = SimpleNamespace(global_rank=rank, world_size=world_size)
    return data.train_dataloader()


@pytest.mark.parametrize("world_size", [1, 2])
@pytest.mark.parametrize(("rows", "steps"), [(1, 64), (2, 5), (5, 4)])
def test_a_stream_asks_for_every_training_step_once_and_rows_go_on_where_they_stopped(rows, steps, world_size):
    series = made(gaps=False, covariates=False)
    data = make(series=series, sampling="stream", sequence_length=steps, batch_size=rows)
    each = [loader(data, rank, world_size) for rank in range(world_size)]
    assert len({len(one) for one in each}) == 1
    asked = []
    for one in each:
        before = None
        for batch in one:
            assert batch.inputs.shape[1] <= steps and len(batch.inputs) <= rows
            numbers = batch.rows[:, 0].long()
            known = ~batch.targets[..., 0].isnan()
            raw = batch.targets[..., 0] * batch.rows[:, 2:3] + batch.rows[:, 1:2]
            read = batch.inputs[..., 0] * batch.rows[:, 2:3] + batch.rows[:, 1:2]
            if not batch.resets[:, 0].all():
                assert not batch.resets.any()  # a group continues in the same rows
                going = known[:, 0]
                assert torch.allclose(read[going, 0], before[going], atol=1e-4)
            else:
                assert not batch.resets[:, 1:].any()
            before = raw[:, -1]
            for row, number in enumerate(numbers.tolist()):
                values = series[number].values[:, 0]
                for step in known[row].nonzero().flatten().tolist():
                    place = int(np.abs(values - float(raw[row, step])).argmin())
                    assert abs(values[place - 1] - float(read[row, step])) < 1e-4
                    asked.append((number, place))
    expected = [(n, t) for n, one in enumerate(series) for t in range(1, round(len(one.values) / 2))]
    assert sorted(asked) == expected


@pytest.mark.parametrize(
    ("wrong", "option"),
    [
        ({"missing": "linear"}, "missing: linear"),
        ({"missing": "drop"}, "missing: drop"),
        ({"scaling": "instance"}, "scaling: instance"),
        ({"scaling": "last_value"}, "scaling: last_value"),
        ({"hide_share": 0.1}, "hide_share above 0"),
        ({"series": made(share=0.03)}, "past covariates"),
    ],
    ids=str,
)
def test_a_stream_refuses_what_only_windows_have(wrong, option):
    with pytest.raises(InputError, match=f"sampling: stream cannot be combined with {option}; use windows"):
        make(**{"sampling": "stream", "series": made(share=0.03, covariates=False)} | wrong)
