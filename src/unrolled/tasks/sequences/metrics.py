"""Classification metrics over a split.  N examples, C classes, L labels of an example."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn
from torchmetrics import MetricCollection, SumMetric
from torchmetrics.classification import (
    MulticlassAccuracy,
    MulticlassConfusionMatrix,
    MulticlassF1Score,
    MultilabelAccuracy,
    MultilabelConfusionMatrix,
    MultilabelF1Score,
)

from unrolled.functional.batch import pad_rows
from unrolled.functional.classification import class_scores
from unrolled.tasks.data_contract import HasLanguages

if TYPE_CHECKING:
    from unrolled.tasks.sequences.sequence_classification import SequenceClassification

Output = Literal["softmax", "sigmoid"]


class ClassMetrics(nn.Module):
    """Accuracy, error rate, F1 and confusion matrix of one split, summed over its batches and processes.

        accuracy    micro: share of the examples whose most likely class is correct; for several labels, share of the
                    single labels that are correct
        error_rate  1 - accuracy
        f1          macro: mean over the classes that occur, or were predicted, of 2 P R / (P + R), precision and recall

    Args:
        classes: C, or L.
        output: softmax, where an example has one of the classes; sigmoid, where it has any of the labels.
    """

    def __init__(self, classes: int, output: Output = "softmax") -> None:
        super().__init__()
        once: dict[str, Any] = {"validate_args": False}
        self.shape = (classes, classes) if output == "softmax" else (classes, 2, 2)  # of the confusion matrix
        self.count = SumMetric(nan_strategy="disable")  # examples of all processes
        self.metrics = MetricCollection(
            {
                "accuracy": MulticlassAccuracy(classes, average="micro", **once),
                "f1": MulticlassF1Score(classes, average="macro", **once),
                "confusion": MulticlassConfusionMatrix(classes, **once),
            }
            if output == "softmax"
            else {
                "accuracy": MultilabelAccuracy(classes, average="micro", **once),
                "f1": MultilabelF1Score(classes, average="macro", **once),
                "confusion": MultilabelConfusionMatrix(classes, **once),
            }
        )

    def update(self, predicted: Tensor, truth: Tensor) -> None:
        """Add the classes `predicted` (N,) and `truth` (N,); or labels of 0 and 1, (N, L)."""
        self.count.update(len(truth))
        if len(truth):
            self.metrics.update(predicted, truth)

    def conclude(self, stage: str) -> tuple[dict[str, Tensor], Tensor]:
        """The metrics as `stage`/name and the confusion matrix; resets both.

        Without an example the metrics are nan: the batches of a validation may all end before a sequence does.  The
        confusion matrix is (C, C), rows truth and columns prediction; of labels one for each, (L, 2, 2).
        """
        if not self.count.compute():
            found = dict.fromkeys(("accuracy", "f1"), torch.tensor(torch.nan))
            found["confusion"] = torch.zeros(self.shape, dtype=torch.int64)
        else:
            found = self.metrics.compute()
        self.count.reset()
        self.metrics.reset()
        confusion: Tensor = found.pop("confusion")
        found["error_rate"] = 1 - found["accuracy"]
        return {f"{stage}/{name}": value for name, value in found.items()}, confusion


ROWS = 100  # sequences per batch


def by_class(classes: list[str], confusion: Tensor) -> dict[str, dict[str, float]]:
    """The scores of each class by its name, from the confusion matrix; see `ClassScore`."""
    return {name: asdict(score) for name, score in zip(classes, class_scores(confusion), strict=True)}


def by_language(task: SequenceClassification, data: Any, split: str) -> dict[str, dict[str, float]]:
    """For each language of a split: the number of its sequences, and the accuracy of their classes, or labels.

    Empty where the data has no languages.
    """
    languages = data.languages(split) if isinstance(data, HasLanguages) else []
    if not languages:
        return {}
    right: dict[str, list[float]] = {}
    rows = [*zip(data.inputs[split], data.targets(split), data.labels[split], languages, strict=True)]
    for begin in range(0, len(rows), ROWS):
        inputs, targets, labels, names = zip(*rows[begin : begin + ROWS], strict=True)
        predicted = task.predict_classes(pad_rows(inputs, targets)).cpu()
        for name, answer, truth in zip(names, predicted, labels, strict=True):
            right.setdefault(name, []).append(float((answer == truth).double().mean()))
    return {
        name: {"count": len(found), "accuracy": torch.tensor(found).mean().item()}
        for name, found in sorted(right.items())
    }
