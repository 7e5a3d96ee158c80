"""Sequence tagging.  B batch, T time, E embedding, H hidden, V vocabulary, C classes."""

from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F
from torchmetrics import Metric
from torchmetrics.classification import MulticlassAccuracy

from unrolled.errors import InputError
from unrolled.functional.batch import IGNORE, SequenceBatch
from unrolled.functional.losses import cross_entropy
from unrolled.tasks.sequences.whole_sequences import WholeRows


class SequenceTagging(WholeRows):
    """p(class_t | tokens up to t) = softmax(W h_t + b), trained on the mean negative log-likelihood in nats per target.

    A step without a class has the target IGNORE: a sequence may have a class at each step, or at its last step alone.
    Reads tokens (B, T), in one direction, or full sequences in both.

    Args:
        vocabulary_size: number of tokens V; set by the data.
        classes: number of classes C; set by the data.
        embedding_size: features E of a token; null: one-hot, E = V.

    Raises:
        InputError: sizes too small.
    """

    metric = "nats_per_target"
    label_steps = True  # each step has a class

    def __init__(
        self,
        *,
        vocabulary_size: int,
        classes: int,
        architecture: dict[str, Any],
        embedding_size: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(architecture=architecture, **kwargs)
        if vocabulary_size < 1 or classes < 2:
            raise InputError(f"task: expected at least 1 token and 2 classes, got {vocabulary_size} and {classes}")
        if embedding_size is not None and embedding_size < 1:
            raise InputError(f"task: expected embedding_size of at least 1, or null, got {embedding_size}")
        self.vocabulary_size = vocabulary_size
        self.architecture = self.build(architecture, embedding_size or vocabulary_size)
        self.embedding = nn.Embedding(vocabulary_size, embedding_size) if embedding_size else None
        self.head = nn.Linear(self.architecture.output_size, classes)
        # micro: each target counts once; the default, macro, would weigh rare classes more
        self.accuracies = nn.ModuleDict(
            {
                stage: MulticlassAccuracy(classes, average="micro", ignore_index=IGNORE, validate_args=False)
                for stage in ("val", "test")
            }
        )

    def embed(self, inputs: Tensor) -> Tensor:
        if self.embedding is not None:
            return self.apply_dropout(self.embedding(inputs))
        return F.one_hot(inputs, self.vocabulary_size).to(self.head.weight.dtype)

    def criterion(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        return cross_entropy(outputs, targets)

    def score(self, stage: str, outputs: Tensor, targets: Tensor, batch: SequenceBatch) -> None:
        self._accuracy(stage).update(outputs.argmax(-1).flatten(), targets.flatten())

    def conclude(self, stage: str) -> dict[str, Tensor]:
        """Add the accuracy, the share of the targets predicted as the most likely class, and 1 - accuracy."""
        accuracy = self._accuracy(stage).compute()
        self._accuracy(stage).reset()
        return super().conclude(stage) | {f"{stage}/accuracy": accuracy, f"{stage}/error_rate": 1 - accuracy}

    def _accuracy(self, stage: str) -> Metric:
        metric = self.accuracies[stage]
        assert isinstance(metric, Metric)
        return metric
