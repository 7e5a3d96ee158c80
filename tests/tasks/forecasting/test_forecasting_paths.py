"""Quantiles of sampled paths: of a task that puts out given numbers."""

import torch

from unrolled.tasks.forecasting.forecasting import path_quantiles


class Told:
    """Path p of row r says 10 r + p at each step and target."""

    def __init__(self, outputs):
        self.outputs = outputs

    def run_free(self, given, length, ahead, copies, **choice):
        rows = given[:, 0, :1] * 10 + torch.arange(copies)
        return rows.reshape(-1, 1, 1).expand(-1, length, self.outputs).clone()


def quantiles(rows, horizon, outputs, paths):
    inputs = torch.arange(rows, dtype=torch.float32)[:, None, None].expand(rows, 3, 1)
    ahead = torch.zeros(rows, horizon - 1, 1)
    return path_quantiles(Told(outputs), inputs, ahead, paths, (0.1, 0.5), torch.Generator())


def test_each_row_by_itself():
    found = quantiles(rows=3000, horizon=2, outputs=3, paths=11)  # of more pieces than one
    assert found.shape == (3000, 2, 3, 2)
    expected = 10 * torch.arange(3000.0)[:, None] + torch.tensor([1.0, 5.0])
    torch.testing.assert_close(found, expected[:, None, None].expand_as(found))
