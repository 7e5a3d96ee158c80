"""Which classes, and which languages, a trained classifier tells well."""

from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from unrolled.functional.batch import pad_rows
from unrolled.functional.classification import class_scores

ROWS = 100  # sequences that are read at once


def by_class(classes: list[str], confusion: Tensor) -> dict[str, dict[str, float]]:
    """The scores of each class by its name, from how often each was told as which; see `ClassScore`."""
    return {name: asdict(score) for name, score in zip(classes, class_scores(confusion), strict=True)}


def by_language(task: Any, data: Any, split: str) -> dict[str, dict[str, float]]:
    """Of the rows of each language of a split: how many, and the share of the classes, or labels, told right.

    Empty, where the data does not tell of a language.
    """
    languages = data.languages(split) if hasattr(data, "languages") else []
    if not languages:
        return {}
    right: dict[str, list[float]] = {}
    rows = [*zip(data.inputs[split], data.targets(split), data.labels[split], languages, strict=True)]
    for begin in range(0, len(rows), ROWS):
        inputs, targets, labels, names = zip(*rows[begin : begin + ROWS], strict=True)
        told = task.tell(pad_rows(inputs, targets)).cpu()
        for name, answer, truth in zip(names, told, labels, strict=True):
            right.setdefault(name, []).append(float((answer == truth).double().mean()))
    return {
        name: {"count": len(found), "accuracy": torch.tensor(found).mean().item()}
        for name, found in sorted(right.items())
    }
