import math

import numpy as np
import pytest
import torch

from unrolled.functional import classification as neighbours
from unrolled.functional.classification import nearest_centroid, nearest_neighbour, resample


@pytest.mark.parametrize("steps", [1, 2, 5, 12])
def test_series_are_read_on_the_lines_between_their_steps(steps):
    series = [torch.randn(length, 3, dtype=torch.float64) for length in (2, 5, 9)]
    found = resample(series, steps).view(3, steps, 3)
    for row, one in zip(found, series, strict=True):
        places = np.linspace(0, len(one) - 1, steps) if steps > 1 else [0.0]
        expected = [np.interp(places, np.arange(len(one)), one[:, feature].numpy()) for feature in range(3)]
        np.testing.assert_allclose(row.numpy(), np.stack(expected, 1), atol=1e-12, rtol=0)


def test_a_series_of_the_asked_length_is_left_alone_and_a_single_step_is_repeated():
    series = [torch.randn(4, 2, dtype=torch.float64), torch.randn(1, 2, dtype=torch.float64)]
    found = resample(series, 4)
    torch.testing.assert_close(found[0], series[0].flatten(), atol=1e-12, rtol=0)
    assert torch.equal(found[1], series[1].repeat(4, 1).flatten())


def test_the_nearest_are_found_as_by_hand(monkeypatch):
    monkeypatch.setattr(neighbours, "CHUNK_SIZE", 7)  # several chunks
    known, asked = torch.randn(30, 4, dtype=torch.float64), torch.randn(20, 4, dtype=torch.float64)
    labels = torch.tensor([2, 5, 7])[torch.arange(30) % 3]
    means = {label: [sum(column) / 10 for column in zip(*known[labels == label].tolist())] for label in (2, 5, 7)}  # noqa: B905
    for row, one, by_mean in zip(
        asked.tolist(), nearest_neighbour(known, labels, asked), nearest_centroid(known, labels, asked), strict=True
    ):
        nearest = min(range(30), key=lambda place, row=row: math.dist(known[place].tolist(), row))
        assert one == labels[nearest]
        assert by_mean == min(means, key=lambda label, row=row: math.dist(means[label], row))
