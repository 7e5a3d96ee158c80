"""What the classes of labelled data are called, and how they are numbered."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from unrolled.data.splits import Split
from unrolled.data.tokens.tokenizer import HasVocabulary, vocabulary_state
from unrolled.errors import InputError
from unrolled.functional.batch import IGNORE

SHOWN = 8  # names in a message


def check_classes(data: str, known: list[str], names: list[str], fewest: int = 2) -> list[str]:
    """The `names` of the classes that the training part of `data` has; `known` are those of a checkpoint, [] without.

    Raises:
        InputError: fewer than `fewest` classes, or other classes than the checkpoint's.
    """
    if len(names) < fewest:
        wanted = "two classes" if fewest == 2 else "one label"
        told = f"expected at least {wanted} in the training part, got {len(names)} ({', '.join(names)})"
        advice = f"give examples of {'another class' if fewest == 2 else 'one'}"
        raise InputError(f"{data}: {told}, so there is nothing to learn; {advice}")
    if known and known != names:
        told = f"{', '.join(known[:SHOWN])}, this data has {', '.join(names[:SHOWN])}"
        raise InputError(f"checkpoint: its classes are {told}; use the data and arguments of the saved run")
    return names


def check_labels(data: Any, labels: Mapping[Any, Sequence[Sequence[str]]], classes: Sequence[str]) -> None:
    """Refuse labels of an example, by their split, that are not among the classes of the training part.

    Raises:
        InputError: names the first of them.
    """
    known = {*classes}
    for split, told in labels.items():
        for place, names in enumerate(told):
            if unseen := [name for name in names if name not in known]:
                raise InputError(
                    f"{data.owner}: {data.describe(split, place)} has the label {unseen[0]!r}, which no training "
                    f"example has ({', '.join(classes[:SHOWN])}); {data.unseen_label_advice}"
                )


def encode_labels(labels: Sequence[str], classes: Sequence[str], several: bool) -> Tensor:
    """() the number of the one label; of several, (L,) 1.0 for each class that is among them and 0.0 for the others."""
    if several:
        return torch.tensor([float(name in labels) for name in classes])
    return torch.tensor(classes.index(labels[0]))


class TokenClasses(HasVocabulary):
    """A vocabulary, and `classes` in the order of their numbers, both of the training part alone."""

    inputs: dict[Split, list[Tensor]]
    labels: dict[Split, list[Tensor]]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.classes: list[str] = []

    def set_classes(self, where: str, found: set[str], fewest: int = 2) -> None:
        """Number the classes of the training part; `where` they stand is what an error names.

        Raises:
            InputError: fewer than `fewest`, or others than those of a checkpoint that was read.
        """
        self.classes = check_classes(where, self.classes, sorted(found), fewest)

    def sizes(self) -> dict[str, Any]:
        return {"vocabulary_size": len(self.vocabulary), "classes": len(self.classes)}

    def token_counts(self) -> tuple[Tensor, Tensor]:
        """How often each class has each token of the training part, (C, V), and how often it was met in all, (V,)."""
        return token_counts(self.inputs["train"], self.labels["train"], len(self.vocabulary), len(self.classes))

    def state_dict(self) -> dict[str, Any]:
        """They go with the weights, which are worth nothing without them."""
        return {**vocabulary_state(self.vocabulary), "classes": self.classes, "sizes": self.sizes()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        names, self.classes = self.classes, list(state_dict["classes"])
        self.load_vocabulary(state_dict)
        check_classes(type(self).__name__, self.classes, names or self.classes, fewest=1)


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
