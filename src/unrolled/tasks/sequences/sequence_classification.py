"""Sequence classification.  B batch, T time, E embedding, F features, H hidden, C classes."""

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unrolled.architectures.dropout_masks import TokenDropout
from unrolled.architectures.pooling import STATE_PARTS, Pool
from unrolled.errors import InputError
from unrolled.functional.batch import SequenceBatch, has_target
from unrolled.functional.losses import binary_cross_entropy, cross_entropy
from unrolled.functional.state import State
from unrolled.tasks.data_contract import HasClasses
from unrolled.tasks.sequences.metrics import ClassMetrics, by_class, by_language
from unrolled.tasks.sequences.whole_sequences import WholeRows

SPREAD = 0.1  # standard deviation of the first embeddings: with torch's 1, a rare word outweighs what is learnt


class SequenceClassification(WholeRows):
    """p(class | sequence) = softmax(W pool(h_1 ... h_T) + b), trained on the mean negative log-likelihood in nats.

    A sequence's class is the target of its last step; the other steps have the target IGNORE.  The pool is part of the
    state, so that windows, and sequences that continue in the next batch, pool the full sequence; a truncation strategy
    cuts the gradient alone.  With a shortcut x_t is pooled with h_t: pool([h_1, x_1] ... [h_T, x_T]).

    Source of the shortcut: Lai, Xu, Liu & Zhao 2015, "Recurrent convolutional neural networks for text classification".

    Args:
        classes: number of classes C, or of labels; set by the data.
        output: softmax: one class for each sequence; sigmoid: any of C labels, targets (B, T, C) of 0 and 1.
        label_smoothing: share of each target, in [0, 1), that is spread over all classes, in training only; softmax.
        vocabulary_size: number of tokens, of inputs (B, T); set by the data.
        input_size: features of a step, of inputs (B, T, F); the data sets one of these two.
        embedding_size: features E of a token.
        embedding_dropout: probability that a token of the vocabulary is dropped in training, at each of its positions.
        pool: last: the output at the last step (of a second direction, at the first); mean, max: over the steps;
            attention: their mean, weighted by learnt scores.
        shortcut: whether each step's input features are pooled together with its output.

    Raises:
        InputError: too few classes, an unknown output, targets that do not fit it, a share outside [0, 1), sizes too
            small, both kinds of input or none, another pool, an embedding_dropout outside [0, 1).
    """

    metric = "nats_per_target"
    chosen_by = "error_rate"  # with little data the loss rises with confidence while the error rate still falls
    label_steps = False  # each sequence has a class, not each step; data has an attribute of the same name

    def __init__(
        self,
        *,
        classes: int,
        architecture: dict[str, Any],
        output: Literal["softmax", "sigmoid"] = "softmax",
        label_smoothing: float = 0.0,
        vocabulary_size: int | None = None,
        input_size: int | None = None,
        embedding_size: int = 64,
        embedding_dropout: float = 0.0,
        pool: Literal["last", "mean", "max", "attention"] = "last",
        shortcut: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(architecture=architecture, **kwargs)
        if (vocabulary_size is None) == (input_size is None):
            given = f"{vocabulary_size} and {input_size}"
            raise InputError(f"task: expected a vocabulary_size or an input_size, got {given}")
        if min(vocabulary_size or input_size or 0, embedding_size) < 1:
            given = f"{vocabulary_size or input_size} and {embedding_size}"
            raise InputError(f"task: expected sizes of at least 1, got {given}")
        features = input_size or embedding_size
        self.architecture = self.build(architecture, features)
        self.embedding = nn.Embedding(vocabulary_size, embedding_size) if vocabulary_size else None
        if self.embedding is not None:
            nn.init.normal_(self.embedding.weight, std=SPREAD)
        self.token_dropout, self.shortcut = TokenDropout(embedding_dropout), shortcut
        self.pooled_size = self.architecture.output_size + features * shortcut
        self.pool = Pool(pool, self.pooled_size)
        if output not in ("softmax", "sigmoid"):
            raise InputError(f"task: expected an output of softmax or sigmoid, got {output!r}")
        if classes < (fewest := 2 if output == "softmax" else 1):
            raise InputError(f"task: expected {fewest} classes or more, got {classes}")
        if not 0 <= label_smoothing < 1 or (label_smoothing and output == "sigmoid"):
            raise InputError(f"task: expected label_smoothing in [0, 1), and 0 with sigmoid, got {label_smoothing}")
        self.output, self.label_smoothing = output, label_smoothing
        self.head = nn.Linear(self.pooled_size, classes)
        self.judges = nn.ModuleDict({stage: ClassMetrics(classes, output) for stage in ("val", "test")})
        self.confusion: dict[str, Tensor] = {}  # the last confusion matrix of each stage

    @property
    def unit(self) -> str:
        return "sequence"

    def embed(self, inputs: Tensor) -> Tensor:
        if self.embedding is None:
            return inputs
        return self.apply_dropout(self.token_dropout(self.embedding(inputs), inputs, self.embedding.num_embeddings))

    def initial_state(self, batch_size: int) -> State:
        state = super().initial_state(batch_size)
        return *state, *self.pool.initial_state(state[0])

    def predict(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        parts = len(state) - STATE_PARTS[self.pool.how]
        features, recurrent = self.embed(inputs), state[:parts]
        if self.lengths is None:
            hidden, read = self.architecture(features, recurrent)
        else:
            hidden, read = self.architecture(features, recurrent, self.lengths)
            if self.pool.how == "last":  # the second direction ends at the first step
                ahead, back = hidden.chunk(2, -1)
                hidden = torch.cat([ahead, back[:, :1].expand_as(back)], -1)
        if self.shortcut:
            hidden = torch.cat([hidden, features], -1)
        pooled, pool = self.pool(hidden, state[parts:])
        return self.apply_dropout(pooled), (*read, *pool)

    def readout(self, hidden: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (N, C) and targets (N,), or (N, C) of labels, at the N steps that have a target."""
        if targets.is_floating_point() != (self.output == "sigmoid"):
            found = "several labels" if targets.is_floating_point() else "one class"
            raise InputError(f"task: output {self.output} does not fit data with {found} per sequence; use the other")
        marked = has_target(targets)
        return self.head(hidden[marked]), targets[marked]

    def criterion(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        if self.output == "sigmoid":
            return binary_cross_entropy(outputs, targets)
        return cross_entropy(outputs[None], targets[None], self.label_smoothing if self.training else 0.0)

    def score(self, stage: str, outputs: Tensor, targets: Tensor, batch: SequenceBatch) -> None:
        self._judge(stage).update(self.decide(outputs), targets.long())

    def decide(self, logits: Tensor) -> Tensor:
        """The most likely class (N,) of logits (N, C), or 1 for each label with a probability above 0.5, (N, C)."""
        return (logits > 0).long() if self.output == "sigmoid" else logits.argmax(-1)

    def probabilities(self, batch: SequenceBatch) -> Tensor:
        """(B, C): the probability of each class, or label, for each row of a batch of full sequences."""
        logits = self._logits(batch)
        return torch.sigmoid(logits) if self.output == "sigmoid" else F.softmax(logits, -1)

    def predict_classes(self, batch: SequenceBatch) -> Tensor:
        """The classes (B,), or labels (B, C), of a batch of full sequences, by `decide`."""
        return self.decide(self._logits(batch))

    @torch.no_grad()
    def _logits(self, batch: SequenceBatch) -> Tensor:
        training = self.training
        self.eval()
        batch = SequenceBatch(*(part.to(self.device) for part in batch))
        self.measure_rows(batch)
        hidden, _ = self.predict(batch.inputs, self.initial_state(len(batch.inputs)))
        logits: Tensor = self.head(hidden[has_target(batch.targets)])
        self.train(training)
        return logits

    def on_train_batch_start(self, batch: SequenceBatch, batch_idx: int) -> None:
        if self.architecture.directions == 1 and not batch.resets[:, 0].all():
            self.require_memory()
        super().on_train_batch_start(batch, batch_idx)

    def conclude(self, stage: str) -> dict[str, Tensor]:
        measured, self.confusion[stage] = self._judge(stage).conclude(stage)
        return super().conclude(stage) | measured

    def findings(self, data: Any, split: str) -> dict[str, Any]:
        """For the split that was evaluated last: names of the `classes`, `confusion` matrix, scores `by_class`.

        Where the data has languages, also the accuracy `by_language`.
        """
        counts = self.confusion["test" if split == "test" else "val"]
        classes = [str(name) for name in (data.classes if isinstance(data, HasClasses) else range(len(counts)))]
        found = {"classes": classes, "confusion": counts.tolist(), "by_class": by_class(classes, counts)}
        return found | ({"by_language": languages} if (languages := by_language(self, data, split)) else {})

    def _judge(self, stage: str) -> ClassMetrics:
        judge = self.judges[stage]
        assert isinstance(judge, ClassMetrics)
        return judge
