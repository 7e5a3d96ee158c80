"""Rows that are dealt into train, valid and test, or into folds."""

from typing import Any

from unrolled.data.row_data import RowData
from unrolled.data.splits import Split, check_shares

SPLITS: tuple[Split, ...] = ("train", "valid", "test")


class SplitRows(RowData):
    """Labelled sequences of which some are held out.  A base overrides `deal`.

    Args:
        valid_fraction: share of the examples for validation, where the data set has no such part of its own.
        test_fraction: share for the test, in the same case.
        folds: parts for cross-validation, of all examples that are not in a test part of the data set's own; 0: none.
        fold: which of them is held out, from 0: as the test, or as validation where the data set has its own test.
    """

    def __init__(
        self, *, valid_fraction: float = 0.1, test_fraction: float = 0.1, folds: int = 0, fold: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.valid_fraction, self.test_fraction, self.folds, self.fold = valid_fraction, test_fraction, folds, fold

    def check_arguments(self) -> None:
        super().check_arguments()
        check_shares(self.valid_fraction, self.test_fraction, self.folds, self.fold)

    def deal(self, examples: list[Any], shares: list[float]) -> list[list[Any]]:
        """The examples in as many parts as there are `shares`, which sum to 1; no group in two of them."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it is dealt")

    def split(self, loaded: dict[Split, list[Any]]) -> dict[Split, list[Any]]:
        """Train, valid and test; what `loaded` does not tell apart is dealt by the seed."""
        found = dict(loaded)
        rest = found.pop("train")
        if self.folds:
            self.fold_split = "valid" if "test" in loaded else "test"
            rest = rest + (found.pop("valid", []) if self.fold_split == "valid" else [])
            parts = self.deal(rest, [1 / self.folds] * self.folds)
            found[self.fold_split] = parts.pop(self.fold)
            rest = [example for part in parts for example in part]
        shares = [0.0 if name in found else getattr(self, f"{name}_fraction") for name in SPLITS[1:]]
        dealt = zip(SPLITS, self.deal(rest, [1 - sum(shares), *shares]), strict=True)
        return {split: found.get(split, part) for split, part in dealt}
