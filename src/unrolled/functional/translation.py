"""Batches of pairs: what is to be translated, and the translation.  B batch, S source steps, T target steps."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from unrolled.functional.batch import IGNORE

UNKNOWN, BEGIN, END = 0, 1, 2  # the first numbers of each vocabulary of pairs


class TranslationBatch(NamedTuple):
    """B pairs.  The first three fields are those of a `SequenceBatch`."""

    inputs: Tensor  # (B, T): BEGIN, then the target
    targets: Tensor  # (B, T): the target, then END; IGNORE behind it
    resets: Tensor  # (B, T) bool: True at each row's first step
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


def bleu(said: Sequence[str], truth: Sequence[str]) -> tuple[float, str]:
    """Corpus BLEU with sacrebleu's defaults, and its signature (Papineni et al. 2002; Post 2018)."""
    metric = BLEU(force=True)  # no warning of marks that stand apart: what is expected has them too
    return metric.corpus_score([*said], [[*truth]]).score, str(metric.get_signature())


def chrf(said: Sequence[str], truth: Sequence[str]) -> tuple[float, str]:
    """Corpus chrF with sacrebleu's defaults, and its signature (Popovic 2015)."""
    metric = CHRF()
    return metric.corpus_score([*said], [[*truth]]).score, str(metric.get_signature())


def edits(said: str, truth: str) -> int:
    """The fewest characters to insert, delete or replace in `said` to have `truth` (Levenshtein 1966)."""
    wanted, place = np.array([*truth], dtype="U1"), np.arange(len(truth) + 1)
    row = place.copy()
    for count, character in enumerate(said, 1):
        replaced = np.concatenate([[count], np.minimum(row[1:] + 1, row[:-1] + (wanted != character))])
        row = np.minimum.accumulate(replaced - place) + place  # an insertion goes on from the place before
    return int(row[-1])


def character_error_rate(said: Sequence[str], truth: Sequence[str]) -> float:
    """Edits per character of the truth, over all sentences."""
    return sum(map(edits, said, truth)) / max(sum(map(len, truth)), 1)
