"""What models without a network reach on texts with labels."""

from collections.abc import Sequence

import numpy as np

from unrolled.data.vocabulary import Level


def majority(train: Sequence[int], held_out: Sequence[int]) -> float:
    """The error rate of always saying the most frequent class of the training part."""
    return float(np.mean(np.asarray(held_out) != np.bincount(train).argmax()))


def tfidf_logistic(
    train: tuple[Sequence[str], Sequence[int]], held_out: tuple[Sequence[str], Sequence[int]], level: Level
) -> float:
    """The error rate of a logistic regression on TF-IDF features, fitted on the training part alone.

    Features: words and pairs of words, or of characters 1 to 4 in a row; sublinear counts, L2-normalised; an inverse
    L2 penalty C of 10.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    if level == "character":
        features = TfidfVectorizer(analyzer="char", ngram_range=(1, 4), sublinear_tf=True, lowercase=False)
    else:
        features = TfidfVectorizer(token_pattern=r"\S+", ngram_range=(1, 2), sublinear_tf=True, lowercase=False)
    model = make_pipeline(features, LogisticRegression(C=10, max_iter=1000))
    model.fit(*train)
    return float(np.mean(model.predict(held_out[0]) != np.asarray(held_out[1])))
