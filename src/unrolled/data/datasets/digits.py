"""Handwritten digits that ship inside scikit-learn: nothing to download."""

from typing import Any

import torch

from unrolled.data.datasets._images import Order, as_sequences, check_order
from unrolled.data.sequences.labelled_series import LabelledSeries, Series
from unrolled.data.splits import Split
from unrolled.errors import InputError


class Digits(LabelledSeries):
    """1,797 pictures of 8 x 8 grey values from 0 to 16, ten classes; read as sequences of 8 or of 64 steps.

    Source: Alpaydin & Kaynak 1998, "Optical recognition of handwritten digits", UCI; the test part of it, which
    scikit-learn's `load_digits` holds.

    Args:
        order: row: 8 steps of 8 numbers; pixel: 64 steps of one; permuted: those in one other order for all pictures.
        order_seed: of that other order.
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
            raise InputError("Digits: expected scikit-learn, which holds them; `make setup` installs it") from error
        found = load_digits()
        pictures = torch.tensor(found.images, dtype=torch.float32)
        series = as_sequences(pictures, self.order, self.order_seed)
        return {"train": [Series(one, str(label)) for one, label in zip(series, found.target, strict=True)]}
