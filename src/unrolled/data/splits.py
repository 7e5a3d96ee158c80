"""Train, validation and test splits: by group or by class, connected examples, and checks of splits and folds."""

from collections.abc import Hashable, Iterable, Mapping, Sequence

import torch

from unrolled.data.base import Split as Split
from unrolled.errors import InputError
from unrolled.functional.generators import generator

REQUIRED: dict[str | None, tuple[Split, ...]] = {"fit": ("train", "valid"), "validate": ("valid",), "test": ("test",)}


def split_groups(groups: Sequence[Hashable], shares: Sequence[float], seed: int) -> list[list[int]]:
    """Split examples at random, so that all examples of a group are in the same part.

    Shuffles the groups, then fills one part after the other up to its share of the examples, to within one group.

    Args:
        groups: the group of each example: its text, its speaker, its file.
        shares: the fraction of the examples in each part, summing to 1; a part with a share of 0 is empty.
        seed: random seed of the shuffle.

    Returns:
        The sorted indices of the examples of each part.
    """
    members: dict[Hashable, list[int]] = {}
    for index, group in enumerate(groups):
        members.setdefault(group, []).append(index)
    names = [*members]
    ends = [round(sum(shares[: part + 1]) * len(groups)) for part in range(len(shares))]
    parts: list[list[int]] = [[] for _ in shares]
    part = assigned = 0
    for position in torch.randperm(len(names), generator=generator(seed, "split")).tolist():
        while assigned >= ends[part] and part < len(shares) - 1:
            part += 1
        parts[part] += members[names[position]]
        assigned += len(members[names[position]])
    return [sorted(indices) for indices in parts]


def stratified_split(labels: Sequence[str], shares: Sequence[float], seed: int) -> list[list[int]]:
    """Sorted example indices of each part; every example is in exactly one part.

    The examples are shuffled and sorted by class, and each is assigned to the part with the largest deficit.  So the
    size of a part, and its count of each class, match its share to within a few examples, however small the classes
    are.

    Args:
        labels: the class of each example.
        shares: fraction of the examples in each part, with sum 1.
        seed: seed of the shuffle.
    """
    shuffled = torch.randperm(len(labels), generator=generator(seed, "stratified")).tolist()
    parts: list[list[int]] = [[] for _ in shares]
    for assigned, index in enumerate(sorted(shuffled, key=lambda index: labels[index]), 1):
        deficits = [round(share * assigned - len(part), 9) for share, part in zip(shares, parts, strict=True)]
        parts[deficits.index(max(deficits))].append(index)
    return [sorted(part) for part in parts]


def connected_components(items: Sequence[Iterable[Hashable]]) -> list[int]:
    """For each item the index of the first item in its connected component.

    Two items are connected if they share a part.

    Args:
        items: the parts of each item.
    """
    first: dict[Hashable, int] = {}  # the first item with a part
    parents = [*range(len(items))]  # an earlier item of the same component, or the item itself

    def root(item: int) -> int:
        while parents[item] != item:
            parents[item] = item = parents[parents[item]]
        return item

    for index, parts in enumerate(items):
        for part in parts:
            one, other = root(first.setdefault(part, index)), root(index)
            parents[max(one, other)] = min(one, other)
    return [root(index) for index in range(len(items))]


def require_splits(owner: str, stage: str | None, counts: Mapping[Split, int]) -> None:
    """Raise InputError if a split that a stage needs is empty.

    Args:
        owner: the data set, or the user's file.
        stage: fit, validate or test; None: training only.
        counts: the number of examples of each split.
    """
    for split in REQUIRED.get(stage, ("train",)):
        if not counts[split]:
            advice = f"set data.init_args.{split}_fraction above 0"
            raise InputError(f"{owner}: the {split} split is empty; {advice}")


def check_fold(folds: int, fold: int) -> None:
    """Raise InputError unless there are no folds, or at least two, and `fold` is the number of one of them."""
    if folds < 0 or folds == 1 or not 0 <= fold < max(folds, 1):
        given = f"folds {folds} and fold {fold}"
        raise InputError(f"data.init_args.fold: expected folds of 0, or 2 or more, and a fold below them, got {given}")
