"""Handwritten digits of scikit-learn (no download)."""

from typing import Any

import torch

from unrolled.data.base import Split
from unrolled.data.datasets._images import Order, as_sequences, check_order
from unrolled.data.sequences.labelled_series import LabelledSeries, Series
from unrolled.errors import InputError


class Digits(LabelledSeries):
    """1,797 images of 8 x 8 grey values from 0 to 16, in ten classes, as sequences of 8 or 64 steps.

    Source: Alpaydin & Kaynak 1998, "Optical recognition of handwritten digits", UCI; its test
    set, which is `load_digits` of scikit-learn.

    Args:
        order: row: 8 steps of 8 pixels; pixel: 64 steps of one pixel; permuted: the pixels in one random order, the
            same for all images.
        order_seed: random seed of that order.
    """

    def __init__(self, *, order: Order = "row", order_seed: int = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.order, self.order_seed = order, order_seed

    def check_arguments(self) -> None:
        super().check_arguments()
        check_order(self.order)

    def load(self) -> dict[Split, list[Series]]:
        try:
            from sklearn.datasets import load_digits
        except ImportError as error:
            raise InputError(
                "Digits: expected scikit-learn, which contains them; install it with `make setup`"
            ) from error
        digits = load_digits()
        images = torch.tensor(digits.images, dtype=torch.float32)
        series = as_sequences(images, self.order, self.order_seed)
        return {"train": [Series(one, str(label)) for one, label in zip(series, digits.target, strict=True)]}
