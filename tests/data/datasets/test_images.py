import pytest
import torch

from unrolled.data.datasets._images import as_sequences
from unrolled.errors import InputError

PICTURES = torch.arange(2 * 3 * 4.0).view(2, 3, 4)


def test_by_row_and_by_pixel_from_the_top_left():
    assert [one.tolist() for one in as_sequences(PICTURES, "row", 1)] == PICTURES.tolist()
    assert [one.tolist() for one in as_sequences(PICTURES, "pixel", 1)] == [
        [[float(pixel)] for pixel in range(12)],
        [[float(pixel)] for pixel in range(12, 24)],
    ]


def test_permuted_pixels_stand_in_one_other_order_for_all_pictures():
    first, second = as_sequences(PICTURES, "permuted", 1)
    assert sorted(first.flatten().tolist()) == list(range(12)) and first.shape == (12, 1)
    assert torch.equal(second, first + 12) and not torch.equal(first[:, 0], torch.arange(12.0))
    assert torch.equal(as_sequences(PICTURES[:1], "permuted", 1)[0], first)  # whatever other pictures there are
    assert not torch.equal(as_sequences(PICTURES, "permuted", 2)[0], first)


def test_another_order_is_refused():
    with pytest.raises(InputError, match=r"^data.init_args.order: expected one of row, pixel, permuted, got 'column'$"):
        as_sequences(PICTURES, "column", 1)
