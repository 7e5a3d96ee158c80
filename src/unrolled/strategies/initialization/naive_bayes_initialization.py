"""initialization: embeddings from naive Bayes log-count ratios."""

from typing import Any

import torch
from torch import nn

from unrolled.errors import InputError
from unrolled.functional.initialization import log_count_ratios
from unrolled.tasks.base import SequenceTask
from unrolled.tasks.data_contract import CountsTokens, data_module


class NaiveBayesInitialization(SequenceTask):
    """Initialize the first C features of token v with its log-count ratios for the C classes; others stay random.

        E_vc := ratio_scale * log p(v | c) / p(v | not c)        p: frequencies of counts + 1, training split

    Set before the first step, then trained.  A sequence with one class counts each distinct token once.  A token that
    is not in the training split gets 0.  Random streams are unchanged.

    Source: the log-count ratio of Wang & Manning 2012, "Baselines and bigrams: simple, good sentiment and topic
    classification"; as initial weights of a network: Li, Zhao, Liu, Hu & Du 2017, "Initializing convolutional filters
    with semantic features for text classification".

    Args:
        ratio_scale: embedding units per nat; null leaves the embeddings unchanged.

    Raises:
        InputError: a ratio_scale that is not above 0 and finite, a task without embeddings or classes of tokens, more
            classes than features, or training without data that count tokens by class.
    """

    seam = "initialization"
    embedding: nn.Embedding

    def __init__(self, *, ratio_scale: float | None = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if ratio_scale is not None and not 0 < ratio_scale < float("inf"):
            raise InputError(f"NaiveBayesInitialization: expected ratio_scale above 0 and finite, got {ratio_scale}")
        self.ratio_scale = ratio_scale
        classes, embedding = self.hparams.get("classes"), dict(self.named_children()).get("embedding")
        if classes is None or not isinstance(embedding, nn.Embedding):
            wanted = "expected a task with token embeddings and classes, got one without; remove the strategy"
            raise InputError(f"NaiveBayesInitialization: {wanted}")
        if embedding.embedding_dim < classes:
            wanted = f"expected an embedding_size of at least {classes}, the classes, got {embedding.embedding_dim}"
            raise InputError(f"NaiveBayesInitialization: {wanted}")

    def setup(self, stage: str) -> None:
        """Lightning calls this before it loads a checkpoint, whose weights then replace these."""
        super().setup(stage)
        if stage != "fit" or self.ratio_scale is None or self.optimizer_steps > 0:
            return
        data = data_module(self)
        if not isinstance(data, CountsTokens):
            wanted = f"expected data that count tokens by class, got {type(data).__name__}; remove the strategy"
            raise InputError(f"NaiveBayesInitialization: {wanted}")
        ratios = log_count_ratios(*data.token_counts())
        with torch.no_grad():
            self.embedding.weight[:, : len(ratios)] = self.ratio_scale * ratios.T
