"""How well each class is told.  C classes, L labels."""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class ClassScore:
    """Of one class, or label: all but `count` from 0 to 1."""

    count: int  # examples that are of it
    recall: float  # the share of them that were told so: its accuracy
    precision: float  # the share of right ones among those that were told so
    f1: float  # 2 recall precision / (recall + precision)


def class_scores(confusion: Tensor) -> list[ClassScore]:
    """The scores of each class of `confusion` (C, C), truth down and told across, or of each label of (L, 2, 2).

    A share of nothing is 0.
    """
    wide = confusion.double()
    if confusion.dim() == 3:
        hits, truth, told = wide[:, 1, 1], wide[:, 1].sum(1), wide[:, :, 1].sum(1)
    else:
        hits, truth, told = wide.diagonal(), wide.sum(1), wide.sum(0)
    recall, precision, f1 = (a / b.clamp(min=1) for a, b in ((hits, truth), (hits, told), (2 * hits, truth + told)))
    columns = (truth.long(), recall, precision, f1)
    return [ClassScore(*numbers) for numbers in zip(*(column.tolist() for column in columns), strict=True)]
