"""The figures that stand beside a model: against what can be counted, and scikit-learn put together by hand."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from unrolled.data.sequences.baselines import majority, tfidf_logistic

TRAIN = (["good film", "a fine film", "dull film", "so dull", "very dull film", "fine"], [1, 1, 0, 0, 0, 1])
NEW = (["a good one", "dull and long", "fine", "film"], [1, 0, 1, 1])


def test_the_majority_is_that_of_the_training_part():
    assert majority([2, 2, 1, 0], [2, 1, 1, 0]) == 0.75
    assert majority([1, 0, 1], [0, 0]) == 1.0


@pytest.mark.parametrize(("level", "analyzer", "ngrams"), [("word", "word", (1, 2)), ("character", "char", (1, 4))])
def test_tfidf_is_its_definition(level, analyzer, ngrams):
    """Counts, then 1 + ln n, times 1 + ln((1 + N) / (1 + df)), rows of length 1."""
    counter = CountVectorizer(analyzer=analyzer, ngram_range=ngrams, token_pattern=r"\S+", lowercase=False)
    counts = counter.fit_transform(TRAIN[0]).toarray().astype(float)
    idf = 1 + np.log((1 + len(counts)) / (1 + (counts > 0).sum(0)))

    def weigh(counts):
        scaled = np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), 0) * idf
        return scaled / np.maximum(np.linalg.norm(scaled, axis=1, keepdims=True), 1e-12)

    model = LogisticRegression(C=10, max_iter=1000).fit(weigh(counts), TRAIN[1])
    told = model.predict(weigh(counter.transform(NEW[0]).toarray().astype(float)))
    assert tfidf_logistic(TRAIN, NEW, level) == float(np.mean(told != NEW[1])) < 1


def test_it_learns_of_the_training_part_alone():
    assert tfidf_logistic(TRAIN, TRAIN, "word") == 0.0
    unseen = (["zebra", "yak"], [1, 1])
    assert tfidf_logistic(TRAIN, unseen, "word") in (0.0, 1.0)
