"""What a token alone says about a class.  C classes, V vocabulary."""

from torch import Tensor

ADDED = 1.0  # to each count: a token that one class alone has does not settle the matter


def log_count_ratios(counts: Tensor, totals: Tensor) -> Tensor:
    """r_cv = log p(v | c) / p(v | not c), (C, V), in nats; 0 for a token that was never met.

    Args:
        counts: (C, V), how often each class has each token.
        totals: (V,), how often each token was met in all.

    Source: the log-count ratio of Wang & Manning 2012, "Baselines and bigrams: simple, good sentiment and topic
    classification", here of one class against all others.
    """
    with_class, without = ((part + ADDED).double() for part in (counts, totals - counts))
    ratios = (with_class / with_class.sum(1, keepdim=True)).log() - (without / without.sum(1, keepdim=True)).log()
    return ratios.where(totals > 0, 0.0)
