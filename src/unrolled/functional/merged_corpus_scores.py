"""Sentences beside the ones that are expected.  BLEU and chrF come from sacrebleu, from 0 to 100."""

from collections.abc import Sequence

import numpy as np
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF


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
