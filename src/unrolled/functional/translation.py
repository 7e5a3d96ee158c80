"""Batches of pairs: what is to be translated, and the translation.  B batch, S source steps, T target steps."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from unrolled.functional.batch import IGNORE

UNKNOWN, BEGIN, END = 0, 1, 2  # the first numbers of each vocabulary of pairs


class TranslationBatch(NamedTuple):
    """B pairs.  The first three fields are those of a `SequenceBatch`."""

    inputs: Tensor  # (B, T): BEGIN, then the target
    targets: Tensor  # (B, T): the target, then END; IGNORE behind it
    fresh: Tensor  # (B, T) bool: True at each row's first step
    source: Tensor  # (B, S): token ids
    source_lengths: Tensor  # (B,), in time steps
    places: Tensor | None = None  # (B,): which of its split's pairs each is, where it is known


def pair_batch(
    sources: Sequence[Tensor], targets: Sequence[Tensor], places: Sequence[int] | None = None
) -> TranslationBatch:
    """Pairs of token ids (S_i,) and (T_i,), padded behind their ends, and their places in their split."""
    begin, end = torch.tensor([BEGIN]), torch.tensor([END])
    inputs = pad_sequence([torch.cat([begin, target]) for target in targets], True)
    told = pad_sequence([torch.cat([target, end]) for target in targets], True, IGNORE)
    lengths = torch.tensor([len(source) for source in sources])
    fresh = (torch.arange(inputs.shape[1]) == 0).repeat(len(inputs), 1)
    known = None if places is None else torch.tensor(places)
    return TranslationBatch(inputs, told, fresh, pad_sequence([*sources], True), lengths, known)


def sayable(scores: Tensor) -> Tensor:
    """Scores (..., V), -inf for UNKNOWN and BEGIN: no translation has them."""
    return scores.index_fill(-1, torch.tensor([UNKNOWN, BEGIN], device=scores.device), float("-inf"))


def until_end(ids: Tensor) -> list[list[int]]:
    """Each row of `ids` (B, T) up to its first END, without it."""
    return [row[: row.index(END)] if END in row else row for row in ids.tolist()]
