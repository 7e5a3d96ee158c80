"""Tell the class of a whole sequence.  B batch, T time, E embedding, F features, H hidden, C classes."""

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unrolled.errors import InputError
from unrolled.functional.batch import SequenceBatch, counted
from unrolled.functional.losses import binary_cross_entropy, cross_entropy
from unrolled.functional.state import State
from unrolled.tasks.class_metrics import ClassMetrics
from unrolled.tasks.pool import PARTS, Pool
from unrolled.tasks.whole_rows import WholeRows

SPREAD = 0.1  # of embeddings at the start: with torch's 1, what a rare word says at random outweighs what is learnt


class SequenceClassification(WholeRows):
    """p(class | sequence) = softmax(W pool(h_1 ... h_T) + b), trained on the mean negative log-likelihood in nats.

    A sequence's class is the target of its last step; IGNORE stands at the others.  What is pooled so far travels with
    the state, so that windows, and rows that go on in the next batch, pool the whole sequence all the same; with a
    strategy that cuts time, the gradient alone ends where it cuts.

    Args:
        classes: how many different classes C there are, or labels; the data says it.
        vocabulary_size: of tokens (B, T), how many different ones there are; the data says it.
        input_size: of numbers (B, T, F), how many a step has; the data says one of these two.
        embedding_size: features E of a token.
        pool: last: the output at the last step (of a second direction, at the first); mean, max: over the steps;
            attention: their mean, weighed by learnt scores.
        output: softmax: one class for each sequence; sigmoid: any of C labels, targets (B, T, C) of 0 and 1.

    Raises:
        InputError: sizes too small, both kinds of input or none, another pool or output, targets of the other output.
    """

    metric = "nats_per_target"

    def __init__(
        self,
        *,
        classes: int,
        vocabulary_size: int | None = None,
        input_size: int | None = None,
        architecture: dict[str, Any],
        embedding_size: int = 64,
        pool: Literal["last", "mean", "max", "attention"] = "last",
        output: Literal["softmax", "sigmoid"] = "softmax",
        **kwargs: Any,
    ) -> None:
        super().__init__(architecture=architecture, **kwargs)
        if (vocabulary_size is None) == (input_size is None):
            given = f"{vocabulary_size} and {input_size}"
            raise InputError(f"task: expected a vocabulary_size or an input_size, got {given}")
        fewest = 2 if output == "softmax" else 1
        if min(vocabulary_size or input_size or 0, embedding_size) < 1 or classes < fewest:
            given = f"{vocabulary_size or input_size}, {embedding_size} and {classes}"
            raise InputError(f"task: expected sizes of at least 1, and {fewest} classes or more, got {given}")
        if output not in ("softmax", "sigmoid"):
            raise InputError(f"task: expected an output of softmax or sigmoid, got {output!r}")
        self.output = output
        self.architecture = self.build(architecture, input_size or embedding_size)
        self.embedding = nn.Embedding(vocabulary_size, embedding_size) if vocabulary_size else None
        if self.embedding is not None:
            nn.init.normal_(self.embedding.weight, std=SPREAD)
        self.pool = Pool(pool, self.architecture.output_size)
        self.head = nn.Linear(self.architecture.output_size, classes)
        self.judges = nn.ModuleDict({stage: ClassMetrics(classes, output) for stage in ("val", "test")})
        self.judged: str | None = None  # the stage, while one of its batches is evaluated
        self.confusion: dict[str, Tensor] = {}  # the last confusion matrix of each stage

    @property
    def unit(self) -> str:
        return "sequence"

    def embed(self, inputs: Tensor) -> Tensor:
        return inputs if self.embedding is None else self.thin(self.embedding(inputs))

    def initial_state(self, batch_size: int) -> State:
        state = super().initial_state(batch_size)
        return *state, *self.pool.initial_state(state[0])

    def predict(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        parts = len(state) - PARTS[self.pool.how]
        features, own = self.embed(inputs), state[:parts]
        if self.lengths is None:
            hidden, read = self.architecture(features, own)
        else:
            hidden, read = self.architecture(features, own, self.lengths)
            if self.pool.how == "last":  # the second direction ends at the first step
                ahead, back = hidden.chunk(2, -1)
                hidden = torch.cat([ahead, back[:, :1].expand_as(back)], -1)
        pooled, pool = self.pool(hidden, state[parts:])
        return self.thin(pooled), (*read, *pool)

    def measure(self, hidden: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        if targets.is_floating_point() != (self.output == "sigmoid"):
            found = "several labels" if targets.is_floating_point() else "one class"
            raise InputError(f"task: output {self.output} does not fit data with {found} a sequence; use the other one")
        marked = counted(targets)
        logits, truth = self.head(hidden[marked]), targets[marked]
        if self.judged is not None and len(truth):
            self._judge(self.judged).update(self.decide(logits), truth.long())
        loss = binary_cross_entropy if self.output == "sigmoid" else cross_entropy
        return loss(logits[None], truth[None])

    def decide(self, logits: Tensor) -> Tensor:
        """The likeliest class (N,) of logits (N, C), or 1 for each label that is more likely than not, (N, C)."""
        return (logits > 0).long() if self.output == "sigmoid" else logits.argmax(-1)

    @torch.no_grad()
    def probabilities(self, batch: SequenceBatch) -> Tensor:
        """(B, C): of each row of a batch of whole sequences, the probability of each class, or label."""
        training = self.training
        self.eval()
        self.measure_rows(batch)
        hidden, _ = self.predict(batch.inputs, self.initial_state(len(batch.inputs)))
        logits = self.head(hidden[counted(batch.targets)])
        self.train(training)
        return torch.sigmoid(logits) if self.output == "sigmoid" else F.softmax(logits, -1)

    def on_train_batch_start(self, batch: SequenceBatch, batch_idx: int) -> None:
        carries = any(vars(base).get("seam") == "memory" for base in type(self).__mro__)
        if not carries and self.architecture.directions == 1 and not batch.fresh[:, 0].all():
            raise InputError(
                "strategies: expected the strategy CarriedState, for rows of this batch go on with those of the one "
                "before; add it, or choose data.init_args.over_long: truncate"
            )
        super().on_train_batch_start(batch, batch_idx)

    def evaluate(self, stage: str, batch: SequenceBatch) -> None:
        self.judged = stage
        super().evaluate(stage, batch)
        self.judged = None

    def conclude(self, stage: str) -> dict[str, Tensor]:
        measured, self.confusion[stage] = self._judge(stage).conclude(stage)
        return super().conclude(stage) | measured

    def findings(self, data: Any, split: str) -> dict[str, Any]:
        """The confusion matrix of the split that was evaluated last, and the names of its classes."""
        counts = self.confusion["test" if split == "test" else "val"]
        names = getattr(data, "classes", [*range(len(counts))])
        return {"classes": [str(name) for name in names], "confusion": counts.tolist()}

    def _judge(self, stage: str) -> ClassMetrics:
        judge = self.judges[stage]
        assert isinstance(judge, ClassMetrics)
        return judge
