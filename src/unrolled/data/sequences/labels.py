"""What the classes of labelled data are called, and how they are numbered."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from unrolled.errors import InputError

SHOWN = 8  # names in a message


def agreed(data: str, known: list[str], names: list[str], fewest: int = 2) -> list[str]:
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


def refuse_unseen(data: Any, labels: Mapping[Any, Sequence[Sequence[str]]], classes: Sequence[str]) -> None:
    """Refuse labels of an example, by their split, that are not among the classes of the training part.

    Raises:
        InputError: names the first of them.
    """
    known = {*classes}
    for split, told in labels.items():
        for place, names in enumerate(told):
            if unseen := [name for name in names if name not in known]:
                raise InputError(
                    f"{data.owner}: {data.called(split, place)} has the label {unseen[0]!r}, which no training example "
                    f"has ({', '.join(classes[:SHOWN])}); {data.unseen_advice}"
                )


def numbered(labels: Sequence[str], classes: Sequence[str], several: bool) -> Tensor:
    """() the number of the one label; of several, (L,) 1.0 for each class that is among them and 0.0 for the others."""
    if several:
        return torch.tensor([float(name in labels) for name in classes])
    return torch.tensor(classes.index(labels[0]))
