"""The base of every data set of labelled series: series -> splits -> scaled features -> rows."""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from unrolled.data.classes import SHOWN, agreed
from unrolled.data.row_data import RowData, Split
from unrolled.data.splits import check_shares, deal
from unrolled.errors import InputError
from unrolled.functional.neighbours import nearest_centroid, nearest_neighbour, resample
from unrolled.functional.stratified import stratified

SPLITS: tuple[Split, ...] = ("train", "valid", "test")


class Series(NamedTuple):
    """One series and what it is."""

    numbers: Tensor  # (T, F)
    label: str
    group: str = ""  # series of one group lie in one split; "": this one is for itself


class LabelledSeries(RowData):
    """Series of numbers, each with one class, for `SequenceClassification`.  A data set overrides `load` alone.

    After `setup()`: `classes`, in the order of their numbers.

    Args:
        standardize: whether each feature is shifted and scaled to mean 0 and variance 1 over the training part's steps.
        valid_fraction: share of the series for validation, where the data set has no such part of its own.
        test_fraction: share for the test, in the same case.
        folds: parts of the training series for cross-validation; 0: none.
        fold: which of them is held out, from 0: as the test, or as validation where the data set has its own test.
    """

    def __init__(
        self,
        *,
        standardize: bool = True,
        valid_fraction: float = 0.1,
        test_fraction: float = 0.1,
        folds: int = 0,
        fold: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.standardize = standardize
        self.valid_fraction, self.test_fraction, self.folds, self.fold = valid_fraction, test_fraction, folds, fold
        self.classes: list[str] = []
        self.scale: tuple[Tensor, Tensor] | None = None  # (F,) each: what is taken off, and what it is divided by

    def load(self) -> dict[Split, list[Series]]:
        """The series: all as "train", or with a "test", or a "valid", of their own; called once."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it holds")

    def check_arguments(self) -> None:
        super().check_arguments()
        check_shares(self.valid_fraction, self.test_fraction, self.folds, self.fold)

    def fill(self) -> tuple[dict[Split, list[Tensor]], dict[Split, list[Tensor]]]:
        parts = self.split(self.load())
        whole = parts["train"]
        self.classes = agreed(type(self).__name__, self.classes, sorted({one.label for one in whole}))
        mean, spread = self._adopt([one.numbers for one in whole])
        for split, part in parts.items():
            if unseen := sorted({one.label for one in part} - {*self.classes}):
                raise InputError(
                    f"{type(self).__name__}: the {split} split has the label {unseen[0]!r}, which no training series "
                    f"has ({', '.join(self.classes[:SHOWN])}); give more series of it, or another "
                    "data.init_args.seed"
                )
        return (
            {split: [(one.numbers - mean) / spread for one in part] for split, part in parts.items()},
            {split: [torch.tensor(self.classes.index(one.label)) for one in part] for split, part in parts.items()},
        )

    def split(self, loaded: dict[Split, list[Series]]) -> dict[Split, list[Series]]:
        """Train, valid and test; what `load` did not tell apart is dealt by the seed.

        No group comes into two of them; where there are no groups, each has the same share of every class.
        """
        rest, found = loaded["train"], dict(loaded)
        if self.folds:
            parts = _deal(rest, [1 / self.folds] * self.folds, self.seed)
            found["valid" if "test" in loaded else "test"] = parts.pop(self.fold)
            rest = [one for part in parts for one in part]
        shares = [0.0 if name in found else getattr(self, f"{name}_fraction") for name in ("valid", "test")]
        for split, part in zip(SPLITS, _deal(rest, [1 - sum(shares), *shares], self.seed), strict=True):
            if split == "train" or split not in found:
                found[split] = part
        return found

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
            agreed(type(self).__name__, self.classes, names)
            self._adopt([mine[0][None]])


def _deal(series: list[Series], shares: list[float], seed: int) -> list[list[Series]]:
    if any(one.group for one in series):
        groups = [f"group {one.group}" if one.group else f"number {place}" for place, one in enumerate(series)]
        parts = deal(groups, shares, seed)
    else:
        parts = stratified([one.label for one in series], shares, seed)
    return [[series[place] for place in part] for part in parts]
