"""Stratified splits, and connected components (union-find)."""

from collections.abc import Hashable, Iterable, Sequence

import torch

from unrolled.functional.generators import generator


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
