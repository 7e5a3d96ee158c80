"""What hangs together: connected components, by union-find."""

from collections.abc import Hashable, Iterable, Sequence


def components(items: Sequence[Iterable[Hashable]]) -> list[int]:
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
