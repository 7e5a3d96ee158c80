"""Batches of sentence pairs, special tokens, and corpus scores of translations.

B batch, S source steps, T target steps, V vocabulary.

Sources: Papineni et al. 2002, "BLEU: a method for automatic evaluation of machine translation"; Post 2018, "A call for
clarity in reporting BLEU scores"; Popovic 2015, "chrF: character n-gram F-score for automatic MT evaluation";
Levenshtein 1966, "Binary codes capable of correcting deletions, insertions, and reversals" (edit distance).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from unrolled.functional.batch import IGNORE

UNKNOWN, BEGIN, END = 0, 1, 2  # the first ids of each vocabulary of sentence pairs


class TranslationBatch(NamedTuple):
    """B sentence pairs.  The first three fields are those of a `SequenceBatch`."""

    inputs: Tensor  # (B, T): BEGIN, then the target
    targets: Tensor  # (B, T): the target, then END; IGNORE at padding
    resets: Tensor  # (B, T) bool: True at the first step of each sequence
    source: Tensor  # (B, S): token ids
    source_lengths: Tensor  # (B,), in time steps
    places: Tensor | None = None  # (B,): index of each pair in its split, if known


def pair_batch(
    sources: Sequence[Tensor], targets: Sequence[Tensor], places: Sequence[int] | None = None
) -> TranslationBatch:
    """A padded batch of pairs of token ids (S_i,) and (T_i,), with their indices in the split."""
    begin, end = torch.tensor([BEGIN]), torch.tensor([END])
    inputs = pad_sequence([torch.cat([begin, target]) for target in targets], True)
    padded = pad_sequence([torch.cat([target, end]) for target in targets], True, IGNORE)
    lengths = torch.tensor([len(source) for source in sources])
    resets = (torch.arange(inputs.shape[1]) == 0).repeat(len(inputs), 1)
    indices = None if places is None else torch.tensor(places)
    return TranslationBatch(inputs, padded, resets, pad_sequence([*sources], True), lengths, indices)


def mask_special_tokens(scores: Tensor) -> Tensor:
    """Scores (..., V) with -inf for UNKNOWN and BEGIN, which no translation contains."""
    return scores.index_fill(-1, torch.tensor([UNKNOWN, BEGIN], device=scores.device), float("-inf"))


def up_to_end(ids: Tensor) -> list[list[int]]:
    """Each row of `ids` (B, T) up to its first END, exclusive."""
    return [row[: row.index(END)] if END in row else row for row in ids.tolist()]


def bleu(predictions: Sequence[str], truth: Sequence[str]) -> tuple[float, str]:
    """Corpus BLEU with sacrebleu's defaults, and its signature."""
    metric = BLEU(force=True)  # no warning about tokenised punctuation: the references have it too
    return metric.corpus_score([*predictions], [[*truth]]).score, str(metric.get_signature())


def chrf(predictions: Sequence[str], truth: Sequence[str]) -> tuple[float, str]:
    """Corpus chrF with sacrebleu's defaults, and its signature."""
    metric = CHRF()
    return metric.corpus_score([*predictions], [[*truth]]).score, str(metric.get_signature())


def edit_distance(prediction: str, truth: str) -> int:
    """Levenshtein distance: the fewest characters to insert, delete or replace in `prediction` to get `truth`."""
    reference, position = np.array([*truth], dtype="U1"), np.arange(len(truth) + 1)
    row = position.copy()
    for count, character in enumerate(prediction, 1):
        replaced = np.concatenate([[count], np.minimum(row[1:] + 1, row[:-1] + (reference != character))])
        row = np.minimum.accumulate(replaced - position) + position  # insertions
    return int(row[-1])


def character_error_rate(predictions: Sequence[str], truth: Sequence[str]) -> float:
    """Edit distance per character of the truth, over all sentences."""
    return sum(map(edit_distance, predictions, truth)) / max(sum(map(len, truth)), 1)
