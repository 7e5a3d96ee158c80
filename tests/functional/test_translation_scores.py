"""BLEU counted by hand, edit distance by recursion, the rest from sacrebleu."""

import math
from collections import Counter
from functools import cache

import pytest
import sacrebleu

from unrolled.functional.translation import bleu, character_error_rate, chrf, edit_distance

PREDICTIONS = ["the cat sat on the mat today", "a dog ran in the park"]
TRUTH = ["the cat sat on a mat today", "the dog ran in the big park"]


def test_bleu_by_hand():
    matches, totals = [0] * 4, [0] * 4
    for prediction, truth in zip(PREDICTIONS, TRUTH, strict=True):
        for n in range(1, 5):
            mine, wanted = (
                Counter(tuple(words[k : k + n]) for k in range(len(words) - n + 1))
                for words in (prediction.split(), truth.split())
            )
            matches[n - 1] += sum((mine & wanted).values())
            totals[n - 1] += sum(mine.values())
    prediction, truth = (sum(len(text.split()) for text in texts) for texts in (PREDICTIONS, TRUTH))
    precision = sum(math.log(m / t) for m, t in zip(matches, totals, strict=True)) / 4
    score, signature = bleu(PREDICTIONS, TRUTH)
    assert score == pytest.approx(100 * math.exp(min(0, 1 - truth / prediction) + precision), abs=1e-9)
    assert signature == f"nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:{sacrebleu.__version__}"


def test_chrf_is_sacrebleus():
    score, signature = chrf(PREDICTIONS, TRUTH)
    assert score == pytest.approx(sacrebleu.corpus_chrf(PREDICTIONS, [TRUTH]).score, abs=1e-12) and 0 < score < 100
    assert signature.startswith("nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:")


@pytest.mark.parametrize("prediction", ["", "kitten", "abc", "가나다", "aaaa"])
@pytest.mark.parametrize("truth", ["", "sitting", "cab", "가다", "a"])
def test_edits_by_recursion(prediction, truth):
    @cache
    def least(i, j):
        if i == 0 or j == 0:
            return i + j
        return min(least(i - 1, j) + 1, least(i, j - 1) + 1, least(i - 1, j - 1) + (prediction[i - 1] != truth[j - 1]))

    assert edit_distance(prediction, truth) == least(len(prediction), len(truth))


def test_the_error_rate_is_over_all_characters():
    assert character_error_rate(["abc", "x"], ["abd", "xyzuv"]) == pytest.approx(5 / 8)
    assert character_error_rate([""], [""]) == 0
