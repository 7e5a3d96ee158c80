"""Which tokens stand beside which class."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from unrolled.functional.batch import IGNORE


def token_counts(rows: Sequence[Tensor], labels: Sequence[Tensor], size: int, classes: int) -> tuple[Tensor, Tensor]:
    """(C, V), how often each class has each token, and (V,), how often each token was met; whole numbers in float64.

    Args:
        rows: of each sequence (T,) token ids.
        labels: of each sequence () its class, or (C,) of 0 and 1 its labels: each token of it counts once; or (T,) the
            classes of its steps: each step that has one counts.
        size: V, of the vocabulary.
        classes: C.
    """
    counts, totals = torch.zeros(size, classes, dtype=torch.float64), torch.zeros(size, dtype=torch.float64)
    for row, label in zip(rows, labels, strict=True):
        steps = label.dim() == 1 and not label.is_floating_point()
        if steps:
            label = label[: len(row)]
            row, label = row[label != IGNORE], label[label != IGNORE]
        tokens = row if steps else row.unique()
        told = label if label.is_floating_point() else F.one_hot(label, classes)
        counts.index_add_(0, tokens, told.double().expand(len(tokens), classes))
        totals.index_add_(0, tokens, torch.ones(len(tokens), dtype=torch.float64))
    return counts.T, totals
