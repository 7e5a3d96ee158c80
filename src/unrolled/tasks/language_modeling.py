"""Predict the next character or word.  B batch, T time, E embedding, H hidden, V vocabulary."""

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from unrolled import catalog
from unrolled.architectures.recurrent import Recurrent
from unrolled.errors import InputError
from unrolled.functional.batch import SequenceBatch
from unrolled.functional.losses import bits, cross_entropy, perplexity
from unrolled.functional.state import State
from unrolled.tasks import baselines
from unrolled.tasks.base import SequenceTask
from unrolled.tasks.mean_loss import MeanLoss


class LanguageModeling(SequenceTask):
    """p(token_t | tokens before t) = softmax(W h_t + b), trained on the mean negative log-likelihood in nats per token.

    Args:
        vocabulary_size: how many different tokens V there are; the data says it.
        level: what a token is; the data says it.  Characters are also measured in bits per character.
        architecture: {class_path, init_args} of `RNN`, `LSTM` or `GRU`.
        embedding_size: features E of a token.
        tied: whether the output layer uses the embedding's weights (Press & Wolf 2017); E must then be H.
        dropout: probability that a feature of the embedding, or of the last layer's output, is zeroed in training.

    Raises:
        InputError: a bidirectional architecture, which would read what it is asked to predict; tied sizes that differ.
    """

    def __init__(
        self,
        *,
        vocabulary_size: int,
        level: Literal["character", "word"] = "character",
        architecture: dict[str, Any],
        embedding_size: int = 128,
        tied: bool = False,
        dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.level, self.dropout = level, dropout
        if level not in ("character", "word") or vocabulary_size < 1:
            given = f"{level} and {vocabulary_size}"
            raise InputError(f"task: expected characters or words, and at least 1 of them, got {given}")
        if embedding_size < 1:
            raise InputError(f"task: expected embedding_size of at least 1, got {embedding_size}")
        cell: Any = catalog.find("architectures", architecture["class_path"])
        self.architecture: Recurrent = cell(input_size=embedding_size, **(architecture.get("init_args") or {}))
        if self.architecture.directions > 1:
            raise InputError("architecture: expected one direction for a language model, got bidirectional: true")
        hidden_size = self.architecture.output_size
        if tied and embedding_size != hidden_size:
            raise InputError(f"task: tied needs embedding_size = hidden_size, got {embedding_size} and {hidden_size}")
        if not 0 <= dropout < 1:
            raise InputError(f"task: expected dropout in [0, 1), got {dropout}")
        self.embedding = nn.Embedding(vocabulary_size, embedding_size)
        self.head = nn.Linear(hidden_size, vocabulary_size)
        if tied:
            nn.init.uniform_(self.embedding.weight, -(hidden_size**-0.5), hidden_size**-0.5)
            self.head.weight = self.embedding.weight
        self.losses = nn.ModuleDict({stage: MeanLoss() for stage in ("val", "test")})

    def initial_state(self, batch_size: int) -> State:
        return self.architecture.initial_state(batch_size)

    def predict(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        embedded = F.dropout(self.embedding(inputs), self.dropout, self.training)  # (B, T, E)
        hidden, state = self.architecture(embedded, state)
        return F.dropout(hidden, self.dropout, self.training), state

    def measure(self, hidden: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        return cross_entropy(self.head(hidden), targets)

    def validation_step(self, batch: SequenceBatch, batch_idx: int) -> None:
        self._evaluate("val", batch)

    def test_step(self, batch: SequenceBatch, batch_idx: int) -> None:
        self._evaluate("test", batch)

    def _evaluate(self, stage: str, batch: SequenceBatch) -> None:
        self._loss(stage).update(*self.listen(batch))

    def on_validation_epoch_end(self) -> None:
        self._conclude("val")

    def on_test_epoch_end(self) -> None:
        self._conclude("test")

    def _conclude(self, stage: str) -> None:
        loss = self._loss(stage).compute()
        self._loss(stage).reset()
        measured = self.summarize({f"{stage}/loss": loss})
        for name, value in measured.items():  # the same on every process already; sync_dist only says so
            self.log(name, value, prog_bar=name == f"{stage}/loss", sync_dist=True)
        self.log_dict(self.clock(), sync_dist=True)

    def _loss(self, stage: str) -> MeanLoss:
        metric = self.losses[stage]
        assert isinstance(metric, MeanLoss)
        return metric

    def summarize(self, means: dict[str, Tensor]) -> dict[str, Tensor]:
        """Beside each loss in nats per token its perplexity, and for characters its bits: no second softmax."""
        for name, nats in [*means.items()]:
            stage, _, quantity = name.partition("/")
            if quantity == "loss":
                means[f"{stage}/perplexity"] = perplexity(nats)
                if self.level == "character":
                    means[f"{stage}/bits_per_character"] = bits(nats)
        return means

    def baselines(self, data: Any, split: str) -> dict[str, Any]:
        """What n-grams and lzma reach on a split of `data`."""
        return baselines.language_modeling(data, split)

    @torch.no_grad()
    def generate(self, prefix: Tensor, length: int, temperature: float = 1.0) -> Tensor:
        """Continue `prefix` (B, P) by `length` tokens that the model draws itself: (B, length).

        `temperature` divides the logits; 0 takes the most likely token each time.

        Raises:
            InputError: an empty prefix, or a temperature below 0.
        """
        if prefix.dim() != 2 or prefix.shape[1] == 0 or not temperature >= 0:
            given = f"{tuple(prefix.shape)} and {temperature}"
            raise InputError(f"generate: expected a prefix (B, P) and a temperature of at least 0, got {given}")
        training = self.training
        self.eval()
        hidden, state = self.unroll(prefix, self.initial_state(len(prefix)))
        tokens = [self.choose(hidden[:, -1], temperature)]
        while len(tokens) < length:
            hidden, state = self.unroll(tokens[-1][:, None], state)
            tokens.append(self.choose(hidden[:, -1], temperature))
        self.train(training)
        return torch.stack(tokens, 1)[:, :length]

    def choose(self, hidden: Tensor, temperature: float = 0.0) -> Tensor:
        """The model's own next token (B,) after the outputs `hidden` (B, H)."""
        logits = self.head(hidden)
        if temperature == 0:
            return logits.argmax(-1)
        return torch.multinomial((logits / temperature).softmax(-1), 1)[:, 0]
