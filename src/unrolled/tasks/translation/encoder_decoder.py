"""A decoder that puts out ids, beside the source it reads.  B batch, S source steps, T target steps, E embedding."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from torch import Tensor, nn

from unrolled.architectures.attention import Attention
from unrolled.architectures.attention_decoder import AttentionDecoder
from unrolled.architectures.recurrent import Recurrent
from unrolled.architectures.source_encoder import Memory, SourceEncoder
from unrolled.config import catalog
from unrolled.errors import InputError
from unrolled.functional.state import State
from unrolled.tasks.autoregressive import TokenOutput


class SourceReader(TokenOutput):
    """p(target_t | targets before t, source), by an encoder, attention and a decoder.

    The encoder is the architecture's cell in two directions, the decoder is the same in one.  Each stretch of the
    target that is read at once reads the source anew, so that every window of a truncated target teaches the encoder.

    Args:
        source_vocabulary_size: how many different source tokens there are; the data says it.
        vocabulary_size: how many different target tokens V there are; the data says it.
        embedding_size: features E of a token, on both sides.
        attention: how a decoder's state is compared with the source: additive or multiplicative; none: not at all.
        input_feeding: whether the last attentional output is read with the next token.
        coverage: whether an additive attention knows where it has looked before.
        bridge: whether the decoder starts from the encoder's last state.
        tied: whether the output layer uses the target embedding's weights; E must then be H.

    Raises:
        InputError: sizes below 1, tied sizes that differ, an architecture that is no recurrent cell in one direction.
    """

    def __init__(
        self,
        *,
        source_vocabulary_size: int,
        vocabulary_size: int,
        architecture: dict[str, Any],
        embedding_size: int = 64,
        attention: Literal["additive", "multiplicative", "none"] = "additive",
        input_feeding: bool = True,
        coverage: bool = False,
        bridge: bool = True,
        tied: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(architecture=architecture, **kwargs)
        if min(source_vocabulary_size, vocabulary_size, embedding_size) < 1:
            given = f"{source_vocabulary_size}, {vocabulary_size} and {embedding_size}"
            raise InputError(f"task: expected vocabularies and an embedding_size of at least 1, got {given}")
        self.source_embedding = nn.Embedding(source_vocabulary_size, embedding_size)
        self.embedding = nn.Embedding(vocabulary_size, embedding_size)
        self.encoder = SourceEncoder(_two_directions(architecture, embedding_size), bridge)
        wide, hidden = self.encoder.encoder.output_size, self.encoder.encoder.hidden_size
        cell = self.build(architecture, embedding_size + hidden * input_feeding)
        compared = None if attention == "none" else Attention(attention, hidden, wide, coverage)
        self.architecture = AttentionDecoder(cell, compared, wide, input_feeding)
        self.head = nn.Linear(hidden, vocabulary_size)
        if tied and embedding_size != hidden:
            raise InputError(f"task: tied needs embedding_size = hidden_size, got {embedding_size} and {hidden}")
        if tied:
            nn.init.uniform_(self.embedding.weight, -(hidden**-0.5), hidden**-0.5)
            self.head.weight = self.embedding.weight
        self.memory: Memory | None = None  # the source, while a stretch of the target is read

    def check_directions(self, directions: int) -> None:
        if directions > 1:
            raise InputError(
                "architecture: expected one direction of a Translation's decoder, got bidirectional: true; leave it "
                "out: its encoder reads in both directions in any case"
            )

    def read_source(self, source: Tensor, lengths: Tensor) -> Memory:
        """What the decoder needs of sources (B, S) of `lengths` (B,)."""
        values, mask, start = self.encoder(self.thin(self.source_embedding(source)), lengths)
        attention = self.architecture.attention
        return Memory(values, values if attention is None else attention.project(values), mask, start)

    @contextmanager
    def reading(self, memory: Memory) -> Iterator[None]:
        """Inside, the decoder reads with this source in mind."""
        outer, self.memory = self.memory, memory
        try:
            yield
        finally:
            self.memory = outer  # the source holds a graph

    def initial_state(self, batch_size: int) -> State:
        state: State = self.architecture.initial_state(batch_size, self.memory)
        return state

    def predict(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        hidden, state = self.architecture(self.embed(inputs), state, self.memory)
        return self.thin(hidden), state

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        self.cursor.reset()  # each batch holds new sentences
        super().on_train_batch_start(batch, batch_idx)

    def forward(self, begin: int, end: int, state: State) -> tuple[Tensor, State]:
        batch: Any = self.batch
        memory = self.read_source(batch.source, batch.source_lengths)
        with self.reading(memory):
            hidden, state = super().forward(begin, end, state)
        if begin > 0:  # the bridge has no part in this, and DDP refuses a weight without a gradient
            hidden = hidden + 0 * sum(part.sum() for part in memory.start)
        return hidden, state


def _two_directions(architecture: dict[str, Any], features: int) -> Recurrent:
    """The cell of an encoder."""
    found = catalog.find("architectures", architecture["class_path"])
    if not issubclass(found, Recurrent):
        raise InputError(f"architecture: a Translation needs a recurrent cell (LSTM, GRU or RNN), got {found.__name__}")
    return found(**{**(architecture.get("init_args") or {}), "input_size": features, "bidirectional": True})
