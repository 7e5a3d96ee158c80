"""How well each class is told.  C classes, L labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


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


ROWS = 500  # whose distances to all known series are held at once


def resample(series: Sequence[Tensor], steps: int) -> Tensor:
    """(N, S F): series (T_i, F) of any lengths, read at S even places from first to last step, on lines between."""
    read = [F.interpolate(one.T[None], size=steps, mode="linear", align_corners=True)[0].T for one in series]
    return torch.stack(read).flatten(1)


def nearest_centroid(known: Tensor, labels: Tensor, asked: Tensor) -> Tensor:
    """(M,): the class of `labels` (N,) whose mean over `known` (N, D) is nearest to each of `asked` (M, D)."""
    classes = labels.unique()
    centroids = torch.stack([known[labels == label].mean(0) for label in classes])
    return classes[torch.cdist(asked, centroids).argmin(1)]


def nearest_neighbour(known: Tensor, labels: Tensor, asked: Tensor) -> Tensor:
    """(M,): the class of the one of `known` (N, D) that is nearest to each of `asked` (M, D), by Euclid."""
    return torch.cat([labels[torch.cdist(rows, known).argmin(1)] for rows in asked.split(ROWS)])
