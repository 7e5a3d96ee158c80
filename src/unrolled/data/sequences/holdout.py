"""Rows that are dealt into train, valid and test, or into folds."""

from collections.abc import Hashable, Sequence
from typing import Any, ClassVar, NoReturn

from unrolled.data.sequences.sequence_data import SequenceData
from unrolled.data.splits import Split, check_fractions, split_groups
from unrolled.errors import InputError

ADVICE: dict[Split, str] = {
    "train": "lower data.init_args.valid_fraction or test_fraction",
    "valid": "raise data.init_args.valid_fraction",
    "test": "set data.init_args.test_fraction to 0 for no test",
}


def raise_empty_fold(owner: str, counted: str, groups: int, folds: Sequence[Sequence[object]]) -> NoReturn:
    """Say why one of the folds is empty.

    Args:
        owner: the data set, or the user's file.
        counted: how many examples there are, in words.
        groups: how many of them can be parted from one another.
        folds: of each what lies in it.
    """
    told = f"{owner}: expected an example or more in each of {len(folds):,} folds, got {counted}"
    if groups < len(folds):
        fewer = f"set data.init_args.folds to {groups:,} at most, or " if groups > 1 else ""
        raise InputError(f"{told}; {fewer}give more of them")
    empty = next(number for number, fold in enumerate(folds) if not fold)
    seed = "or choose another data.init_args.seed"
    raise InputError(f"{told}, which leave fold {empty} empty; lower data.init_args.folds, {seed}")


def raise_empty_split(owner: str, counted: str, split: Split, share: float) -> NoReturn:
    """Say why a split got nothing, although a share was asked for it.

    Args:
        owner: the data set, or the user's file.
        counted: how many examples were dealt, in words.
        split: which one is empty.
        share: what was asked for it.
    """
    told = f"the {split} split is empty: a share of {share:g} of {counted} holds none"
    raise InputError(f"{owner}: {told}; give more of them, or {ADVICE[split]}")


SPLITS: tuple[Split, ...] = ("train", "valid", "test")


class HoldoutData(SequenceData):
    """Labelled sequences of which some are held out.  A base overrides `ties`.

    Args:
        valid_fraction: share of the examples for validation, where the data set has no such part of its own.
        test_fraction: share for the test, in the same case.
        folds: parts for cross-validation, of all examples that are not in a test part of the data set's own; 0: none.
        fold: which of them is held out, from 0: as the test, or as validation where the data set has its own test.
    """

    noun: ClassVar[str] = "rows"  # what the examples are called

    def __init__(
        self, *, valid_fraction: float = 0.1, test_fraction: float = 0.1, folds: int = 0, fold: int = 0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.valid_fraction, self.test_fraction, self.folds, self.fold = valid_fraction, test_fraction, folds, fold
        self.where: dict[Split, list[str]] = {}  # of each example what a message calls it, "": nothing of its own

    def check_arguments(self) -> None:
        super().check_arguments()
        check_fractions(self.valid_fraction, self.test_fraction, self.folds, self.fold)

    @property
    def unseen_label_advice(self) -> str:
        """What helps against a label that the training part lacks."""
        return "give more examples of it, or another data.init_args.seed"

    def groups_of(self, examples: list[Any]) -> list[Hashable]:
        """Of each example its group, which lies in one part; one that may lie anywhere is a group of its own."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it is dealt")

    def group_noun(self, examples: list[Any]) -> str:
        """What one of those groups is called."""
        return "group"

    def partition(self, examples: list[Any], shares: list[float]) -> list[list[Any]]:
        """The examples in as many parts as there are `shares`, which sum to 1; no group in two of them."""
        parts = split_groups(self.groups_of(examples), shares, self.seed)
        return [[examples[place] for place in part] for part in parts]

    def count_text(self, examples: list[Any]) -> str:
        """How many examples there are, and of how many groups."""
        told, groups = f"{len(examples):,} {self.noun}", len({*self.groups_of(examples)})
        plural = "s" * (groups != 1)
        return told if groups == len(examples) else f"{told} ({groups:,} {self.group_noun(examples)}{plural})"

    def describe(self, split: Split, place: int) -> str:
        own = self.where[split][place]
        return f"{own} ({split} split)" if own else super().describe(split, place)

    def split(self, loaded: dict[Split, list[Any]]) -> dict[Split, list[Any]]:
        """Train, valid and test; what `loaded` does not tell apart is dealt by the seed."""
        found = dict(loaded)
        rest = found.pop("train")
        if self.folds:
            self.fold_split = "valid" if "test" in loaded else "test"
            rest = rest + (found.pop("valid", []) if self.fold_split == "valid" else [])
            parts = self.partition(rest, [1 / self.folds] * self.folds)
            if not all(parts):
                raise_empty_fold(self.owner, self.count_text(rest), len({*self.groups_of(rest)}), parts)
            found[self.fold_split] = parts.pop(self.fold)
            rest = [example for part in parts for example in part]
        held_out = [0.0 if name in found else getattr(self, f"{name}_fraction") for name in SPLITS[1:]]
        shares = dict(zip(SPLITS, [1 - sum(held_out), *held_out], strict=True))
        dealt = dict(zip(SPLITS, self.partition(rest, [*shares.values()]), strict=True))
        for split, share in shares.items():
            if share > 0 and not dealt[split]:
                raise_empty_split(self.owner, self.count_text(rest), split, share)
        return dealt | found
