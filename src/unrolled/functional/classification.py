"""Scores of a classifier by class, and nearest-neighbour baselines on time series.

C classes, L labels, N training examples, M test examples; series of T_i steps with F features, resampled to S steps;
D = S F.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

CHUNK_SIZE = 500  # test examples whose distances to all training examples are in memory at once


@dataclass(frozen=True)
class ClassScore:
    """Scores of one class or label; all but `count` are from 0 to 1."""

    count: int  # examples of the class
    recall: float  # fraction of them that were predicted as the class
    precision: float  # fraction of correct ones among the predictions of the class
    f1: float  # 2 recall precision / (recall + precision)


def class_scores(confusion: Tensor) -> list[ClassScore]:
    """The scores of each class from `confusion` (C, C), true by predicted class, or of each label from (L, 2, 2).

    A ratio with denominator 0 is 0.
    """
    wide = confusion.double()
    if confusion.dim() == 3:
        hits, truth, predicted = wide[:, 1, 1], wide[:, 1].sum(1), wide[:, :, 1].sum(1)
    else:
        hits, truth, predicted = wide.diagonal(), wide.sum(1), wide.sum(0)
    recall, precision, f1 = (
        a / b.clamp(min=1) for a, b in ((hits, truth), (hits, predicted), (2 * hits, truth + predicted))
    )
    columns = (truth.long(), recall, precision, f1)
    return [ClassScore(*numbers) for numbers in zip(*(column.tolist() for column in columns), strict=True)]


def resample(series: Sequence[Tensor], steps: int) -> Tensor:
    """(N, S F): series (T_i, F) of any lengths, linearly interpolated at S even points from first to last step."""
    resampled = [F.interpolate(one.T[None], size=steps, mode="linear", align_corners=True)[0].T for one in series]
    return torch.stack(resampled).flatten(1)


def nearest_centroid(train: Tensor, labels: Tensor, query: Tensor) -> Tensor:
    """(M,): for each `query` (M, D) the class of `labels` (N,) whose mean of `train` (N, D) is nearest (Euclidean)."""
    classes = labels.unique()
    centroids = torch.stack([train[labels == label].mean(0) for label in classes])
    return classes[torch.cdist(query, centroids).argmin(1)]


def nearest_neighbour(train: Tensor, labels: Tensor, query: Tensor) -> Tensor:
    """(M,): for each `query` (M, D) the label (N,) of the nearest `train` example (N, D) (Euclidean)."""
    return torch.cat([labels[torch.cdist(rows, train).argmin(1)] for rows in query.split(CHUNK_SIZE)])
