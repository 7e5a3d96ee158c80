"""Base of all data sets of labelled series: splits, standardised features and classes."""

from collections.abc import Hashable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from unrolled.data.base import Split
from unrolled.data.sequences.holdout import HoldoutData
from unrolled.data.sequences.labels import check_classes, check_labels
from unrolled.data.splits import stratified_split
from unrolled.errors import InputError
from unrolled.functional.classification import nearest_centroid, nearest_neighbour, resample


class Series(NamedTuple):
    """A labelled series.  T time steps, F features."""

    numbers: Tensor  # (T, F)
    label: str
    group: str = ""  # series of a group are in the same split; "": no group
    where: str = ""  # the location in a file, such as the name of the series, for messages


class LabelledSeries(HoldoutData):
    """Series of numbers with one class each, for `SequenceClassification`.  A data set overrides `load`.

    After `setup()`: sorted `classes` of the training split.

    Args:
        standardize: whether to scale each feature to mean 0 and variance 1 over all steps of the training split.
    """

    noun = "series"

    def __init__(self, *, standardize: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.standardize = standardize
        self.classes: list[str] = []
        self.scale: tuple[Tensor, Tensor] | None = None  # mean and deviation (F,)

    def load(self) -> dict[Split, list[Series]]:
        """The series by split; splits that are missing are drawn from "train".  Called once."""
        raise NotImplementedError(f"{type(self).__name__} does not define load()")

    def load_tensors(self) -> tuple[dict[Split, list[Tensor]], dict[Split, list[Tensor]]]:
        parts = self.split(self.load())
        self.where = {split: [one.where for one in part] for split, part in parts.items()}
        train = parts["train"]
        self.classes = check_classes(self.label_source, self.classes, sorted({one.label for one in train}))
        mean, deviation = self._fit_scale([one.numbers for one in train])
        check_labels(self, {split: [[one.label] for one in part] for split, part in parts.items()}, self.classes)
        return (
            {split: [(one.numbers - mean) / deviation for one in part] for split, part in parts.items()},
            {split: [torch.tensor(self.classes.index(one.label)) for one in part] for split, part in parts.items()},
        )

    def partition(self, examples: list[Series], shares: list[float]) -> list[list[Series]]:
        """By group; stratified by class if there are no groups."""
        if any(one.group for one in examples):
            return super().partition(examples, shares)
        parts = stratified_split([one.label for one in examples], shares, self.seed)
        return [[examples[index] for index in part] for part in parts]

    def groups_of(self, examples: list[Series]) -> list[Hashable]:
        return [f"group {one.group}" if one.group else f"number {index}" for index, one in enumerate(examples)]

    def _fit_scale(self, series: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Mean and deviation of the training split, unless a checkpoint set them; a constant feature is not scaled."""
        steps = torch.cat(series)
        if self.scale is None:
            deviation, mean = torch.std_mean(steps, 0, correction=0)
            constant = deviation == 0 if self.standardize else torch.ones_like(deviation, dtype=torch.bool)
            self.scale = (
                mean if self.standardize else torch.zeros_like(mean),
                deviation.masked_fill(constant, 1.0),
            )
        if (features := steps.shape[1]) != (saved := len(self.scale[0])):
            advice = f"this data has {features}; use the data and arguments of the saved run"
            raise InputError(f"checkpoint: its series have {saved} features, {advice}")
        return self.scale

    def sizes(self) -> dict[str, Any]:
        assert self.scale is not None, "there are no sizes before setup()"
        return {"input_size": len(self.scale[0]), "classes": len(self.classes)}

    def baselines(self, split: str) -> dict[str, float]:
        """Error rates of the majority class, the nearest class mean and the nearest training series.

        Series are resampled to the median length of the training series for the comparison.
        """
        train, held_out = self.inputs["train"], self.inputs[split]  # type: ignore[index]
        steps = sorted(map(len, train))[len(train) // 2]
        known, queries = resample(train, steps), resample(held_out, steps)
        labels, truth = torch.stack(self.labels["train"]), torch.stack(self.labels[split])  # type: ignore[index]
        predictions = {
            "majority class": labels.bincount().argmax().expand_as(truth),
            "nearest centroid": nearest_centroid(known, labels, queries),
            "nearest neighbour": nearest_neighbour(known, labels, queries),
        }
        return {name: float((predicted != truth).double().mean()) for name, predicted in predictions.items()}

    def state_dict(self) -> dict[str, Any]:
        """Classes, scale and sizes, for the checkpoint of the weights that depend on them."""
        return {"classes": self.classes, "scale": self.scale, "sizes": self.sizes()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        names, scale = self.classes, self.scale
        self.classes, self.scale = list(state_dict["classes"]), state_dict["scale"]
        if scale is not None:
            check_classes(self.label_source, self.classes, names)
            self._fit_scale([scale[0][None]])
