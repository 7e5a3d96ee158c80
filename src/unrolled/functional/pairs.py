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


def pair_batch(sources: Sequence[Tensor], targets: Sequence[Tensor]) -> TranslationBatch:
    """Pairs of token ids (S_i,) and (T_i,), padded behind their ends."""
    begin, end = torch.tensor([BEGIN]), torch.tensor([END])
    inputs = pad_sequence([torch.cat([begin, target]) for target in targets], True)
    told = pad_sequence([torch.cat([target, end]) for target in targets], True, IGNORE)
    lengths = torch.tensor([len(source) for source in sources])
    fresh = (torch.arange(inputs.shape[1]) == 0).repeat(len(inputs), 1)
    return TranslationBatch(inputs, told, fresh, pad_sequence([*sources], True), lengths)


def until_end(ids: Tensor) -> list[list[int]]:
    """Each row of `ids` (B, T) up to its first END, without it."""
    return [row[: row.index(END)] if END in row else row for row in ids.tolist()]
