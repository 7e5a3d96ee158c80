"""What models without a network reach on texts with labels."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unrolled.data.tokens.vocabulary import Level

Part = tuple[Sequence[str], ArrayLike]  # texts, and their classes (N,), or 0 and 1 for each of L labels (N, L)


def error_rates(train: Part, held_out: Part, level: Level) -> dict[str, float]:
    """The error rate of each baseline; of several labels, the share of the single answers that are wrong."""
    usual = float(np.mean([majority(*pair) for pair in _questions(train, held_out)]))
    return {"majority class": usual, "TF-IDF logistic regression": tfidf_logistic(train, held_out, level)}


def majority(train: ArrayLike, held_out: ArrayLike) -> float:
    """The error rate of always saying the most frequent class of the training part."""
    return float(np.mean(np.asarray(held_out) != np.bincount(train).argmax()))


def tfidf_logistic(train: Part, held_out: Part, level: Level) -> float:
    """The error rate of a logistic regression on TF-IDF features, one for each label, fitted on the training part.

    Features: words and pairs of words, or of characters 1 to 4 in a row; sublinear counts, L2-normalised; an inverse
    L2 penalty C of 10.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    if level == "character":
        features = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True, lowercase=False)
    else:
        features = TfidfVectorizer(token_pattern=r"\S+", ngram_range=(1, 2), sublinear_tf=True, lowercase=False)
    read, asked = features.fit_transform(train[0]), features.transform(held_out[0])
    wrong = []
    for known, truth in _questions(train, held_out):
        if len(np.unique(known)) == 1:  # nothing to fit
            wrong.append(majority(known, truth))
            continue
        model = LogisticRegression(C=10, max_iter=1000).fit(read, known)
        wrong.append(float(np.mean(model.predict(asked) != truth)))
    return float(np.mean(wrong))


def _questions(train: Part, held_out: Part) -> list[tuple[NDArray[Any], NDArray[Any]]]:
    """For each question, which class or whether a label is there, the right answers of both parts."""
    return [*zip(*(np.atleast_2d(np.asarray(part[1]).T) for part in (train, held_out)), strict=True)]
