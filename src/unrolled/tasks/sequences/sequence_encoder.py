"""One vector of a whole sequence.  B batch, T time, E embedding, F features, H hidden, V vocabulary."""

from typing import Any, Literal

import torch
from torch import Tensor, nn

from unrolled.architectures.pooling import STATE_PARTS, Pool
from unrolled.architectures.token_dropout import TokenDropout
from unrolled.errors import InputError
from unrolled.functional.state import State
from unrolled.tasks.sequences.whole_sequences import WholeRows

SPREAD = 0.1  # of embeddings at the start: with torch's 1, what a rare word says at random outweighs what is learnt


class PooledReader(WholeRows):
    """pool(h_1 ... h_T), and with a shortcut pool([h_1, x_1] ... [h_T, x_T]), where x_t is what the step itself says.

    What is pooled so far travels with the state, so that windows, and rows that go on in the next batch, pool the whole
    sequence all the same; with a strategy that cuts time, the gradient alone ends where it cuts.

    Source of the shortcut: Lai, Xu, Liu & Zhao 2015, "Recurrent convolutional neural networks for text classification".

    Args:
        vocabulary_size: of tokens (B, T), how many different ones there are; the data says it.
        input_size: of numbers (B, T, F), how many a step has; the data says one of these two.
        embedding_size: features E of a token.
        embedding_dropout: probability that a token of the vocabulary is not read in training, wherever it stands.
        pool: last: the output at the last step (of a second direction, at the first); mean, max: over the steps;
            attention: their mean, weighed by learnt scores.
        shortcut: whether each step's own features are pooled beside the output there.

    Raises:
        InputError: sizes too small, both kinds of input or none, another pool, an embedding_dropout outside [0, 1).
    """

    def __init__(
        self,
        *,
        vocabulary_size: int | None = None,
        input_size: int | None = None,
        architecture: dict[str, Any],
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

    def embed(self, inputs: Tensor) -> Tensor:
        if self.embedding is None:
            return inputs
        return self.thin(self.token_dropout(self.embedding(inputs), inputs, self.embedding.num_embeddings))

    def initial_state(self, batch_size: int) -> State:
        state = super().initial_state(batch_size)
        return *state, *self.pool.initial_state(state[0])

    def predict(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        parts = len(state) - STATE_PARTS[self.pool.how]
        features, own = self.embed(inputs), state[:parts]
        if self.lengths is None:
            hidden, read = self.architecture(features, own)
        else:
            hidden, read = self.architecture(features, own, self.lengths)
            if self.pool.how == "last":  # the second direction ends at the first step
                ahead, back = hidden.chunk(2, -1)
                hidden = torch.cat([ahead, back[:, :1].expand_as(back)], -1)
        if self.shortcut:
            hidden = torch.cat([hidden, features], -1)
        pooled, pool = self.pool(hidden, state[parts:])
        return self.thin(pooled), (*read, *pool)
