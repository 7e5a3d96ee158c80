"""The base of every data set of labelled series: series -> splits -> scaled features -> rows."""

from collections.abc import Hashable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from unrolled.data.sequences.holdout import HoldoutData
from unrolled.data.sequences.labels import check_classes, check_labels
from unrolled.data.splits import Split
from unrolled.errors import InputError
from unrolled.functional.classification import nearest_centroid, nearest_neighbour, resample
from unrolled.functional.partition import stratified


class Series(NamedTuple):
    """One series and what it is."""

    numbers: Tensor  # (T, F)
    label: str
    group: str = ""  # series of one group lie in one split; "": this one is for itself
    where: str = ""  # what a message calls it, such as its name in the user's file


class LabelledSeries(HoldoutData):
    """Series of numbers, each with one class, for `SequenceClassification`.  A data set overrides `load` alone.

    After `setup()`: `classes`, in the order of their numbers.

    Args:
        standardize: whether each feature is shifted and scaled to mean 0 and variance 1 over the training part's steps.
    """

    noun = "series"

    def __init__(self, *, standardize: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.standardize = standardize
        self.classes: list[str] = []
        self.scale: tuple[Tensor, Tensor] | None = None  # (F,) each: what is taken off, and what it is divided by

    def load(self) -> dict[Split, list[Series]]:
        """The series: all as "train", or with a "test", or a "valid", of their own; called once."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it holds")

    def load_tensors(self) -> tuple[dict[Split, list[Tensor]], dict[Split, list[Tensor]]]:
        parts = self.split(self.load())
        self.where = {split: [one.where for one in part] for split, part in parts.items()}
        whole = parts["train"]
        self.classes = check_classes(self.label_source, self.classes, sorted({one.label for one in whole}))
        mean, spread = self._adopt([one.numbers for one in whole])
        check_labels(self, {split: [[one.label] for one in part] for split, part in parts.items()}, self.classes)
        return (
            {split: [(one.numbers - mean) / spread for one in part] for split, part in parts.items()},
            {split: [torch.tensor(self.classes.index(one.label)) for one in part] for split, part in parts.items()},
        )

    def partition(self, examples: list[Series], shares: list[float]) -> list[list[Series]]:
        """By group; where there are no groups, each part has the same share of every class."""
        if any(one.group for one in examples):
            return super().partition(examples, shares)
        parts = stratified([one.label for one in examples], shares, self.seed)
        return [[examples[place] for place in part] for part in parts]

    def groups_of(self, examples: list[Series]) -> list[Hashable]:
        return [f"group {one.group}" if one.group else f"number {place}" for place, one in enumerate(examples)]

    def _adopt(self, series: list[Tensor]) -> tuple[Tensor, Tensor]:
        """The scale of the features: the training part's own, or the one that came with a checkpoint."""
        steps = torch.cat(series)
        if self.scale is None:
            spread, mean = torch.std_mean(steps, 0, correction=0)
            flat = spread == 0 if self.standardize else torch.ones_like(spread, dtype=torch.bool)
            self.scale = (mean if self.standardize else torch.zeros_like(mean), spread.masked_fill(flat, 1.0))
        if (features := steps.shape[1]) != (saved := len(self.scale[0])):
            told = f"this data has {features}; use the data and arguments of the saved run"
            raise InputError(f"checkpoint: its series have {saved} features, {told}")
        return self.scale

    def sizes(self) -> dict[str, Any]:
        assert self.scale is not None, "there are no sizes before setup()"
        return {"input_size": len(self.scale[0]), "classes": len(self.classes)}

    def baselines(self, split: str) -> dict[str, float]:
        """Error rates: always the most frequent class; the class whose mean, and that of the series which, is nearest.

        Series are compared at as many steps as the median training series has.
        """
        train, held_out = self.inputs["train"], self.inputs[split]  # type: ignore[index]
        steps = sorted(map(len, train))[len(train) // 2]
        known, asked = resample(train, steps), resample(held_out, steps)
        labels, truth = torch.stack(self.labels["train"]), torch.stack(self.labels[split])  # type: ignore[index]
        told = {
            "majority class": labels.bincount().argmax().expand_as(truth),
            "nearest centroid": nearest_centroid(known, labels, asked),
            "nearest neighbour": nearest_neighbour(known, labels, asked),
        }
        return {name: float((guess != truth).double().mean()) for name, guess in told.items()}

    def state_dict(self) -> dict[str, Any]:
        """Classes and scale go with the weights, for they are worth nothing without them."""
        return {"classes": self.classes, "scale": self.scale, "sizes": self.sizes()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        names, mine = self.classes, self.scale
        self.classes, self.scale = list(state_dict["classes"]), state_dict["scale"]
        if mine is not None:
            check_classes(self.label_source, self.classes, names)
            self._adopt([mine[0][None]])
