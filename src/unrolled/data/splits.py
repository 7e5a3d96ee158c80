"""Which examples are trained on, and which are held out."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Literal

import torch

from unrolled.errors import InputError
from unrolled.functional.generators import generator

Split = Literal["train", "valid", "test"]
REQUIRED: dict[str | None, tuple[Split, ...]] = {"fit": ("train", "valid"), "validate": ("valid",), "test": ("test",)}


def split_groups(groups: Sequence[Hashable], shares: Sequence[float], seed: int) -> list[list[int]]:
    """The numbers of the examples in each part, in their order.  Examples of one group lie in one part.

    The groups are shuffled by the seed, and fill one part after the other up to its share of the examples, within one
    group.  Every example lies in exactly one part.

    Args:
        groups: of each example what must not lie in two parts: its text, its speaker, its file.
        shares: of the parts, together 1; a part with a share of 0 stays empty.
        seed: of the shuffle.
    """
    members: dict[Hashable, list[int]] = {}
    for number, group in enumerate(groups):
        members.setdefault(group, []).append(number)
    names = [*members]
    borders = [round(sum(shares[: part + 1]) * len(groups)) for part in range(len(shares))]
    parts: list[list[int]] = [[] for _ in shares]
    part = dealt = 0
    for place in torch.randperm(len(names), generator=generator(seed, "split")).tolist():
        while dealt >= borders[part] and part < len(shares) - 1:
            part += 1
        parts[part] += members[names[place]]
        dealt += len(members[names[place]])
    return [sorted(numbers) for numbers in parts]


def require_splits(owner: str, stage: str | None, counts: Mapping[Split, int]) -> None:
    """Refuse a data set without what a stage needs.

    Args:
        owner: the data set, or the user's file.
        stage: fit, validate or test; null: training alone.
        counts: how much each split holds.
    """
    for split in REQUIRED.get(stage, ("train",)):
        if not counts[split]:
            advice = f"set data.init_args.{split}_fraction above 0"
            raise InputError(f"{owner}: the {split} split is empty; {advice}")


def check_fractions(valid: float, test: float, folds: int, fold: int) -> None:
    """Refuse arguments that leave nothing to train on."""
    for name, value in (("valid_fraction", valid), ("test_fraction", test)):
        if not 0 <= value < 1:
            raise InputError(f"data.init_args.{name}: expected a fraction in [0, 1), got {value}")
    if (both := valid + test) >= 1:
        raise InputError(
            f"data.init_args.valid_fraction + test_fraction: expected less than 1, got {both:g}; nothing is left to "
            "train on"
        )
    if folds < 0 or folds == 1 or not 0 <= fold < max(folds, 1):
        told = f"folds {folds} and fold {fold}"
        raise InputError(f"data.init_args.fold: expected folds of 0, or 2 or more, and a fold below them, got {told}")
