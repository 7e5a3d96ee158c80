import sys

import pytest
import torch
from sklearn.datasets import load_digits

from unrolled.data import Digits
from unrolled.errors import InputError


def by_split(**given):
    data = Digits(standardize=False, **given)
    data.setup("fit")
    return data


def test_each_picture_is_there_once_with_its_digit():
    data = by_split()
    found = sorted(
        (tuple(one.flatten().tolist()), int(label))
        for split in data.inputs
        for one, label in zip(data.inputs[split], data.labels[split], strict=True)
    )
    digits = load_digits()
    assert found == sorted((tuple(row), int(label)) for row, label in zip(digits.data, digits.target, strict=True))
    assert data.classes == list("0123456789") and data.sizes() == {"input_size": 8, "classes": 10}
    assert len(found) == 1797


def test_every_order_reads_the_same_pictures():
    rows, pixels, permuted = (by_split(order=order) for order in ("row", "pixel", "permuted"))
    for a, b, c in zip(rows.inputs["test"], pixels.inputs["test"], permuted.inputs["test"], strict=True):
        assert a.shape == (8, 8) and torch.equal(a.flatten()[:, None], b)
        assert c.shape == (64, 1) and torch.equal(c.sort(0).values, b.sort(0).values) and not torch.equal(b, c)
    assert pixels.sizes() == permuted.sizes() == {"input_size": 1, "classes": 10}


def test_the_nearest_neighbour_is_right_almost_always():
    found = by_split().baselines("test")
    assert found["nearest neighbour"] < 0.04 < found["nearest centroid"] < 0.2 < 0.8 < found["majority class"]


def test_another_order_is_refused_and_a_missing_package_told(monkeypatch):
    with pytest.raises(InputError, match="data.init_args.order: expected one of row, pixel, permuted, got 'rows'"):
        by_split(order="rows")
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(
        InputError, match="Digits: expected scikit-learn, which contains them; install it with `make setup`"
    ):
        by_split()
