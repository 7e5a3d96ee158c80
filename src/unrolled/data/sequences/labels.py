"""Classes of labelled data: checking labels, encoding them as numbers, and counting tokens by class."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from unrolled.data.base import Split
from unrolled.data.tokens.tokenizer import HasVocabulary, vocabulary_state
from unrolled.errors import InputError
from unrolled.functional.batch import IGNORE

SHOWN = 8  # class names in a message


class TokenClasses(HasVocabulary):
    """Mixin of labelled texts: a vocabulary and sorted `classes`, both of the training split only."""

    inputs: dict[Split, list[Tensor]]
    labels: dict[Split, list[Tensor]]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.classes: list[str] = []

    def set_classes(self, source: str, names: set[str], fewest: int = 2) -> None:
        """Set the classes of the training split; `source` is the data set or column that messages name.

        Raises:
            InputError: fewer than `fewest` classes, or not the classes of the checkpoint that was loaded.
        """
        self.classes = check_classes(source, self.classes, sorted(names), fewest)

    def sizes(self) -> dict[str, Any]:
        return {"vocabulary_size": len(self.vocabulary), "classes": len(self.classes)}

    def token_counts(self) -> tuple[Tensor, Tensor]:
        """Token counts of the training split: by class (C, V), and in total (V,)."""
        return token_counts(self.inputs["train"], self.labels["train"], len(self.vocabulary), len(self.classes))

    def state_dict(self) -> dict[str, Any]:
        """Vocabulary, classes and sizes, for the checkpoint of the weights that depend on them."""
        return {**vocabulary_state(self.vocabulary), "classes": self.classes, "sizes": self.sizes()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        of_data, self.classes = self.classes, list(state_dict["classes"])
        self.load_vocabulary(state_dict)
        check_classes(type(self).__name__, self.classes, of_data or self.classes, fewest=1)


def check_classes(source: str, known: list[str], names: list[str], fewest: int = 2) -> list[str]:
    """Check the class names of the training split.

    Args:
        source: the data set or column that messages name.
        known: the classes of a checkpoint; [] without one.
        names: the classes of the training split.
        fewest: the minimum number of classes.

    Returns:
        `names`.

    Raises:
        InputError: too few classes, or not the classes of the checkpoint.
    """
    if len(names) < fewest:
        wanted = "two classes" if fewest == 2 else "one label"
        problem = f"expected at least {wanted} in the training split, got {len(names)} ({', '.join(names)})"
        advice = f"give examples of {'another class' if fewest == 2 else 'one'}"
        raise InputError(f"{source}: {problem}, so there is nothing to learn; {advice}")
    if known and known != names:
        differ = f"{', '.join(known[:SHOWN])}, this data has {', '.join(names[:SHOWN])}"
        raise InputError(f"checkpoint: its classes are {differ}; use the data and arguments of the saved run")
    return names


def check_labels(data: Any, labels: Mapping[Any, Sequence[Sequence[str]]], classes: Sequence[str]) -> None:
    """Check that the training split has every label.

    Args:
        data: the data set (`HoldoutData`), which names examples in messages.
        labels: the labels of each example of each split.
        classes: the classes of the training split.

    Raises:
        InputError: a label that no training example has.
    """
    known = {*classes}
    for split, examples in labels.items():
        for index, names in enumerate(examples):
            if unseen := [name for name in names if name not in known]:
                raise InputError(
                    f"{data.owner}: {data.describe(split, index)} has the label {unseen[0]!r}, which no training "
                    f"example has ({', '.join(classes[:SHOWN])}); {data.unseen_label_advice}"
                )


def encode_labels(labels: Sequence[str], classes: Sequence[str], several: bool) -> Tensor:
    """The class index () of the only label, or, for several labels, (L,) 1.0 for each class among them, else 0.0."""
    if several:
        return torch.tensor([float(name in labels) for name in classes])
    return torch.tensor(classes.index(labels[0]))


def token_counts(rows: Sequence[Tensor], labels: Sequence[Tensor], size: int, classes: int) -> tuple[Tensor, Tensor]:
    """Token counts by class (C, V), and in total (V,); integers in float64.

    Args:
        rows: token ids (T,) of each sequence.
        labels: of each sequence, () its class or (C,) its labels as 0 and 1, where each distinct token counts once; or
            (T,) the classes of its steps, where each step with a class counts.
        size: V, the size of the vocabulary.
        classes: C.
    """
    counts, totals = torch.zeros(size, classes, dtype=torch.float64), torch.zeros(size, dtype=torch.float64)
    for row, label in zip(rows, labels, strict=True):
        steps = label.dim() == 1 and not label.is_floating_point()
        if steps:
            label = label[: len(row)]
            row, label = row[label != IGNORE], label[label != IGNORE]
        tokens = row if steps else row.unique()
        encoded = label if label.is_floating_point() else F.one_hot(label, classes)
        counts.index_add_(0, tokens, encoded.double().expand(len(tokens), classes))
        totals.index_add_(0, tokens, torch.ones(len(tokens), dtype=torch.float64))
    return counts.T, totals
