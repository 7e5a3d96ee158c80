"""Texts of which a vocabulary knows nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

from pytorch_lightning.utilities import rank_zero_warn
from torch import Tensor

from unrolled.errors import InputWarning

UNKNOWN = 0  # the number of <unk> in every vocabulary


def warn_of_unknown(owner: str, texts: str, rows: Sequence[Tensor], advice: str) -> None:
    """Warn of texts without a known token, with their share.

    Args:
        owner: whose texts they are.
        texts: what they are called.
        rows: of each text its token numbers (T_i,).
        advice: what can be done.
    """
    if lost := sum(len(row) > 0 and bool((row == UNKNOWN).all()) for row in rows):
        told = f"{lost:,} of {len(rows):,} {texts} ({lost / len(rows):.1%}) have no known token"
        rank_zero_warn(f"{owner}: {told}; {advice}", category=InputWarning)


def warn_by_split(owner: str, splits: Mapping[Any, Sequence[Tensor]]) -> None:
    """Warn of the texts of each split of `owner`."""
    for split, rows in splits.items():
        texts = f"texts of the {split} split"
        warn_of_unknown(owner, texts, rows, "raise data.init_args.vocabulary_size, or train on more")
