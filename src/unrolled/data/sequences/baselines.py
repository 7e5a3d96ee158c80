"""Baselines of text classification: the majority class, and logistic regression on TF-IDF features."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unrolled.data.tokens.vocabulary import Level

Part = tuple[Sequence[str], ArrayLike]  # texts, and their classes (N,), or their labels (N, L) as 0 and 1


def error_rates(train: Part, held_out: Part, level: Level) -> dict[str, float]:
    """The error rate of each baseline; for several labels, the mean over the labels."""
    frequent = float(np.mean([majority(*pair) for pair in _targets(train, held_out)]))
    return {"majority class": frequent, "TF-IDF logistic regression": tfidf_logistic(train, held_out, level)}


def majority(train: ArrayLike, held_out: ArrayLike) -> float:
    """The error rate of the most frequent class of the training split."""
    return float(np.mean(np.asarray(held_out) != np.bincount(train).argmax()))


def tfidf_logistic(train: Part, held_out: Part, level: Level) -> float:
    """The error rate of logistic regression on TF-IDF features, fitted on the training split, one model per label.

    Features: words and bigrams, or character n-grams of 1 to 4; sublinear term frequency, L2-normalised.  C is 10.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    if level == "character":
        features = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True, lowercase=False)
    else:
        features = TfidfVectorizer(token_pattern=r"\S+", ngram_range=(1, 2), sublinear_tf=True, lowercase=False)
    of_train, of_held_out = features.fit_transform(train[0]), features.transform(held_out[0])
    rates = []
    for known, truth in _targets(train, held_out):
        if len(np.unique(known)) == 1:  # a single class: nothing to fit
            rates.append(majority(known, truth))
            continue
        model = LogisticRegression(C=10, max_iter=1000).fit(of_train, known)
        rates.append(float(np.mean(model.predict(of_held_out) != truth)))
    return float(np.mean(rates))


def _targets(train: Part, held_out: Part) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """The targets (N,) of both splits: one pair for the class, or one for each label."""
    return [*zip(*(np.atleast_2d(np.asarray(part[1]).T) for part in (train, held_out)), strict=True)]
