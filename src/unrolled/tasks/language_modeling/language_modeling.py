"""Language modelling: predict the next token.  B batch, T time, E embedding, H hidden, V vocabulary."""

from typing import Any, Literal

from torch import Tensor, nn

from unrolled.architectures.dropout_masks import TokenDropout
from unrolled.errors import InputError
from unrolled.functional.batch import SequenceBatch
from unrolled.functional.losses import bits, cross_entropy, perplexity
from unrolled.tasks.autoregressive import TokenOutput
from unrolled.tasks.language_modeling import baselines, exposure


class LanguageModeling(TokenOutput):
    """p(token_t | tokens before t) = softmax(W h_t + b), trained on the mean negative log-likelihood in nats per token.

    Args:
        vocabulary_size: number of tokens V; set by the data.
        level: the unit of a token; set by the data.  Characters also have the metric bits per character.
        embedding_size: features E of a token.
        tied: whether the output layer uses the embedding's weights (Press & Wolf 2017); E must then be H.
        embedding_dropout: probability that a token of the vocabulary is dropped in training, at each of its positions
            in a window (Gal & Ghahramani 2016).

    Raises:
        InputError: a bidirectional architecture, which would read the tokens that it predicts; tied sizes that differ;
            an embedding_dropout outside [0, 1).
    """

    def __init__(
        self,
        *,
        vocabulary_size: int,
        level: Literal["character", "word", "subword"] = "character",
        architecture: dict[str, Any],
        embedding_size: int = 128,
        tied: bool = False,
        embedding_dropout: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(architecture=architecture, **kwargs)
        self.level = level
        if level not in exposure.ORDERS or vocabulary_size < 1:
            given = f"{level} and {vocabulary_size}"
            raise InputError(f"task: expected characters, words or subwords, and at least 1 of them, got {given}")
        if embedding_size < 1:
            raise InputError(f"task: expected embedding_size of at least 1, got {embedding_size}")
        self.token_dropout = TokenDropout(embedding_dropout)
        self.architecture = self.build(architecture, embedding_size)
        hidden_size = self.architecture.output_size
        if tied and embedding_size != hidden_size:
            raise InputError(f"task: tied needs embedding_size = hidden_size, got {embedding_size} and {hidden_size}")
        self.embedding = nn.Embedding(vocabulary_size, embedding_size)
        self.head = nn.Linear(hidden_size, vocabulary_size)
        if tied:
            nn.init.uniform_(self.embedding.weight, -(hidden_size**-0.5), hidden_size**-0.5)
            self.head.weight = self.embedding.weight
        self.exposure = exposure.TextExposure(exposure.ORDERS[level], vocabulary_size)

    @property
    def unit(self) -> str:
        return self.level

    def embed(self, inputs: Tensor) -> Tensor:
        embedded = self.features(inputs)
        if not inputs.is_floating_point():
            embedded = self.token_dropout(embedded, inputs, self.embedding.num_embeddings)
        return self.apply_dropout(embedded)

    def criterion(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        return cross_entropy(outputs, targets)

    def score(self, stage: str, outputs: Tensor, targets: Tensor, batch: SequenceBatch) -> None:
        exposure.observe(self, stage, batch)

    def conclude(self, stage: str) -> dict[str, Tensor]:
        return super().conclude(stage) | exposure.conclude(self, stage)

    def summarize(self, means: dict[str, Tensor]) -> dict[str, Tensor]:
        """Add the perplexity of each loss in nats per token, and for characters its bits."""
        for name, nats in [*means.items()]:
            stage, _, quantity = name.partition("/")
            if quantity == "loss":
                means[f"{stage}/perplexity"] = perplexity(nats)
                if self.level == "character":
                    means[f"{stage}/bits_per_character"] = bits(nats)
        return means

    def baselines(self, data: Any, split: str) -> dict[str, Any]:
        """n-grams and lzma on a split of `data`."""
        return baselines.language_modeling(data, split)

    def generate(self, prefix: Tensor, length: int, temperature: float = 1.0) -> Tensor:
        """Continue `prefix` (B, P) by `length` tokens drawn from the model: (B, length).

        `temperature` divides the logits; 0 takes the most likely token each time.

        Raises:
            InputError: an empty prefix, or a temperature below 0.
        """
        if prefix.dim() != 2 or prefix.shape[1] == 0 or not temperature >= 0:
            given = f"{tuple(prefix.shape)} and {temperature}"
            raise InputError(f"generate: expected a prefix (B, P) and a temperature of at least 0, got {given}")
        return self.run_free(prefix, max(length, 1), temperature=temperature)[:, :length]
