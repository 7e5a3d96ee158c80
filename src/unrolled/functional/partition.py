"""Examples -> disjoint parts with the same share of every class."""

from collections.abc import Hashable, Iterable, Sequence

import torch

from unrolled.functional.generators import generator


def stratified_split(labels: Sequence[str], shares: Sequence[float], seed: int) -> list[list[int]]:
    """The numbers of the examples in each part, in their order; every example lies in exactly one part.

    The examples are shuffled, those of one class put in a row, and each goes to the part that then lacks most.  So a
    part's count of a class, and its count of examples, is what its share asks for to within a few examples, however
    small the classes are.

    Args:
        labels: of each example its class.
        shares: of the parts, together 1.
        seed: of the shuffle.
    """
    shuffled = torch.randperm(len(labels), generator=generator(seed, "stratified")).tolist()
    parts: list[list[int]] = [[] for _ in shares]
    for dealt, number in enumerate(sorted(shuffled, key=lambda number: labels[number]), 1):
        lacking = [round(share * dealt - len(part), 9) for share, part in zip(shares, parts, strict=True)]
        parts[lacking.index(max(lacking))].append(number)
    return [sorted(part) for part in parts]


def connected_components(items: Sequence[Iterable[Hashable]]) -> list[int]:
    """Of each item the number of the first one that it hangs together with.

    Two items do that when they have a part in common, or when others do that lie between them.

    Args:
        items: of each its parts.
    """
    first: dict[Hashable, int] = {}  # the item that a part was met in
    heads = [*range(len(items))]  # an earlier item of the same component, or the item itself

    def head(item: int) -> int:
        while heads[item] != item:
            heads[item] = item = heads[heads[item]]
        return item

    for number, parts in enumerate(items):
        for part in parts:
            other, own = head(first.setdefault(part, number)), head(number)
            heads[max(other, own)] = min(other, own)
    return [head(number) for number in range(len(items))]
