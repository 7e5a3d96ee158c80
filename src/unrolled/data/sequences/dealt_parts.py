"""Parts that a deal leaves empty: there are too few examples, or too few groups of them."""

from collections.abc import Sequence
from typing import NoReturn

from unrolled.data.splits import Split
from unrolled.errors import InputError

ADVICE: dict[Split, str] = {
    "train": "lower data.init_args.valid_fraction or test_fraction",
    "valid": "raise data.init_args.valid_fraction",
    "test": "set data.init_args.test_fraction to 0 for no test",
}


def refuse_folds(owner: str, counted: str, groups: int, folds: Sequence[Sequence[object]]) -> NoReturn:
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


def refuse_split(owner: str, counted: str, split: Split, share: float) -> NoReturn:
    """Say why a split got nothing, although a share was asked for it.

    Args:
        owner: the data set, or the user's file.
        counted: how many examples were dealt, in words.
        split: which one is empty.
        share: what was asked for it.
    """
    told = f"the {split} split is empty: a share of {share:g} of {counted} holds none"
    raise InputError(f"{owner}: {told}; give more of them, or {ADVICE[split]}")
