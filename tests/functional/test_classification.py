"""The scores of each class are scikit-learn's."""

from dataclasses import astuple

import numpy as np
import pytest
import torch
from sklearn.metrics import confusion_matrix, multilabel_confusion_matrix, precision_recall_fscore_support

from unrolled.functional.classification import ClassScore, class_scores


def scores(truth, predicted):
    precision, recall, f1, count = precision_recall_fscore_support(truth, predicted, zero_division=0)
    return np.stack([count, recall, precision, f1], 1)


def test_of_classes():
    draw = np.random.default_rng(1)
    truth, predicted = draw.integers(4, size=60), draw.integers(3, size=60)  # class 3 is never predicted
    found = class_scores(torch.tensor(confusion_matrix(truth, predicted)))
    assert np.asarray([*map(astuple, found)]) == pytest.approx(scores(truth, predicted), abs=1e-12)
    assert found[3].count == (truth == 3).sum() and found[3].f1 == 0
    assert all(0 < score.f1 < 1 and isinstance(score.count, int) for score in found[:3])


def test_of_labels():
    draw = np.random.default_rng(2)
    truth, predicted = draw.integers(2, size=(40, 3)), draw.integers(2, size=(40, 3))
    found = class_scores(torch.tensor(multilabel_confusion_matrix(truth, predicted)))
    assert np.asarray([*map(astuple, found)]) == pytest.approx(scores(truth, predicted), abs=1e-12)


def test_a_class_that_is_neither_there_nor_told():
    found = class_scores(torch.tensor([[3, 0], [0, 0]]))
    assert found == [ClassScore(3, 1.0, 1.0, 1.0), ClassScore(0, 0.0, 0.0, 0.0)]
