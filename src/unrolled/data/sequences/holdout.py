"""Splits of labelled sequences: at random, in cross-validation folds, or by a column of the user's table."""

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from unrolled.data.base import SPLITS, Split, check_fractions
from unrolled.data.files.tables import Row, row_labels
from unrolled.data.sequences.sequence_data import SequenceData
from unrolled.data.splits import check_fold, split_groups
from unrolled.errors import InputError

ADVICE: dict[Split, str] = {
    "train": "lower data.init_args.valid_fraction or test_fraction",
    "valid": "raise data.init_args.valid_fraction",
    "test": "set data.init_args.test_fraction to 0 for no test split",
}
SPLIT_NAMES: dict[str, Split] = {
    "train": "train",
    "valid": "valid",
    "validation": "valid",
    "dev": "valid",
    "test": "test",
}


class HoldoutData(SequenceData):
    """Labelled sequences, some of them held out at random.  A subclass overrides `groups_of`.

    Args:
        valid_fraction: fraction of the examples for validation, if the data set has no validation split.
        test_fraction: fraction of the examples for the test, if the data set has no test split.
        folds: number of cross-validation folds of all examples outside a test split of the data set; 0: none.
        fold: index of the held-out fold, from 0; it is the test split, or, if the data set has one, the validation
            split.
    """

    noun: ClassVar[str] = "rows"  # the word for examples in messages

    def __init__(
        self, *, valid_fraction: float = 0.1, test_fraction: float = 0.1, folds: int = 0, fold: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.valid_fraction, self.test_fraction, self.folds, self.fold = valid_fraction, test_fraction, folds, fold
        self.where: dict[Split, list[str]] = {}  # the location of each example in a file, for messages; "": unknown

    def check_arguments(self) -> None:
        super().check_arguments()
        check_fractions(self.valid_fraction, self.test_fraction)
        check_fold(self.folds, self.fold)

    @property
    def unseen_label_advice(self) -> str:
        """Advice for a label that no training example has."""
        return "add examples of it, or choose another data.init_args.seed"

    def groups_of(self, examples: list[Any]) -> list[Hashable]:
        """The group of each example; all examples of a group are in the same split."""
        raise NotImplementedError(f"{type(self).__name__} does not define groups_of()")

    def group_noun(self, examples: list[Any]) -> str:
        """The word for a group in messages."""
        return "group"

    def partition(self, examples: list[Any], shares: list[float]) -> list[list[Any]]:
        """The examples in one part per share (`shares` sum to 1), each group in one part."""
        parts = split_groups(self.groups_of(examples), shares, self.seed)
        return [[examples[index] for index in part] for part in parts]

    def count_text(self, examples: list[Any]) -> str:
        """The number of examples, and of groups, for messages."""
        count, groups = f"{len(examples):,} {self.noun}", len({*self.groups_of(examples)})
        plural = "s" * (groups != 1)
        return count if groups == len(examples) else f"{count} ({groups:,} {self.group_noun(examples)}{plural})"

    def describe(self, split: Split, index: int) -> str:
        location = self.where[split][index]
        return f"{location} ({split} split)" if location else super().describe(split, index)

    def split(self, loaded: dict[Split, list[Any]]) -> dict[Split, list[Any]]:
        """Train, validation and test split: splits that are not in `loaded` are drawn at random from "train".

        Raises:
            InputError: a fold or a split would be empty.
        """
        given = dict(loaded)
        rest = given.pop("train")
        if self.folds:
            self.fold_split = "valid" if "test" in loaded else "test"
            rest = rest + (given.pop("valid", []) if self.fold_split == "valid" else [])
            parts = self.partition(rest, [1 / self.folds] * self.folds)
            if not all(parts):
                raise_empty_fold(self.owner, self.count_text(rest), len({*self.groups_of(rest)}), parts)
            given[self.fold_split] = parts.pop(self.fold)
            rest = [example for part in parts for example in part]
        held_out = [0.0 if name in given else getattr(self, f"{name}_fraction") for name in SPLITS[1:]]
        shares = dict(zip(SPLITS, [1 - sum(held_out), *held_out], strict=True))
        drawn = dict(zip(SPLITS, self.partition(rest, [*shares.values()]), strict=True))
        for split, share in shares.items():
            if share > 0 and not drawn[split]:
                raise_empty_split(self.owner, self.count_text(rest), split, share)
        return drawn | given


class UserTable:
    """Mixin of tables of texts and of series: the split column, and the names of file and columns in messages."""

    path: str
    label_column: str
    split_column: str | None

    @property
    def owner(self) -> str:
        return self.path

    @property
    def label_source(self) -> str:
        return f"{self.path}: column {self.label_column!r}"

    @property
    def unseen_label_advice(self) -> str:
        if self.split_column is None:
            return "add rows of it, or choose another data.init_args.seed"
        return f"remove it, or move it to train in column {self.split_column!r}"

    def check_splits(self, rows: Sequence[Row]) -> None:
        """Raise InputError for a split column with an unknown value, or without train."""
        if self.split_column is None:
            return
        values = [row[self.split_column].strip().lower() for row in rows]
        for number, value in enumerate(values, 1):
            if value not in SPLIT_NAMES:
                problem = f"expected {', '.join(SPLIT_NAMES)} in column {self.split_column!r}, got {value!r}"
                raise InputError(f"{self.path}: row {row_labels(Path(self.path), number)}: {problem}; correct it")
        if "train" not in values:
            problem = f"expected train in at least one row, got only {', '.join(sorted({*values}))}"
            raise InputError(f"{self.path}: column {self.split_column!r}: {problem}; mark the training rows with train")

    def split_of(self, row: Row) -> Split:
        """The split of a row; "train" without a split column (`HoldoutData` then draws the splits)."""
        return "train" if self.split_column is None else SPLIT_NAMES[row[self.split_column].strip().lower()]


def raise_empty_fold(owner: str, count: str, groups: int, folds: Sequence[Sequence[object]]) -> NoReturn:
    """Raise InputError because a fold is empty.

    Args:
        owner: the data set, or the user's file.
        count: the number of examples, as text.
        groups: the number of groups.
        folds: the examples of each fold.
    """
    problem = f"{owner}: expected at least one example in each of {len(folds):,} folds, got {count}"
    if groups < len(folds):
        fewer = f"set data.init_args.folds to {groups:,} at most, or " if groups > 1 else ""
        raise InputError(f"{problem}; {fewer}add more")
    empty = next(number for number, fold in enumerate(folds) if not fold)
    seed = "or choose another data.init_args.seed"
    raise InputError(f"{problem}, which leave fold {empty} empty; lower data.init_args.folds, {seed}")


def raise_empty_split(owner: str, count: str, split: Split, share: float) -> NoReturn:
    """Raise InputError because a split is empty although its fraction is above 0.

    Args:
        owner: the data set, or the user's file.
        count: the number of examples, as text.
        split: the empty split.
        share: its fraction.
    """
    problem = f"expected at least one example in the {split} split, {share:g} of {count}, got none"
    raise InputError(f"{owner}: {problem}; add more, or {ADVICE[split]}")
