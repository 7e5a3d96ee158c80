"""Translation with attention.  B batch, S source steps, T target steps, H hidden."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from unrolled.architectures.attention import Attention
from unrolled.architectures.attention_decoder import AttentionDecoder
from unrolled.architectures.recurrent import Recurrent
from unrolled.architectures.source_encoder import Memory, SourceEncoder
from unrolled.config import catalog
from unrolled.errors import InputError
from unrolled.functional.batch import IGNORE
from unrolled.functional.beam_search import Hypotheses
from unrolled.functional.losses import cross_entropy, perplexity
from unrolled.functional.state import State
from unrolled.functional.translation import END, bleu, character_error_rate, mask_special_tokens
from unrolled.tasks.autoregressive import TokenOutput
from unrolled.tasks.base import Read
from unrolled.tasks.translation import decoding as translating
from unrolled.tasks.translation.metrics import Translations, truths, writer


class Translation(TokenOutput):
    """p(target_t | targets before t, source), trained on the mean negative log-likelihood in nats per target token.

    The encoder is the architecture's cell in two directions, the decoder the same cell in one, with attention.  Each
    stretch of the target that is read at once reads the source again, so that every window of a truncated target trains
    the encoder.  An evaluation also translates without the truth (metrics: `Translations`).

    Args:
        level: the unit of a token; set by the data.
        label_smoothing: share of each target, in [0, 1), that is spread over all ids, in training only.
        source_vocabulary_size: number of source tokens; set by the data.
        vocabulary_size: number of target tokens V; set by the data.
        embedding_size: features E of a token, on both sides.
        attention: how a decoder's state is compared with the source: additive or multiplicative; none: no attention.
        input_feeding: whether the last attentional output is read with the next token.
        coverage: whether an additive attention reads the sum of its earlier weights.
        bridge: whether the decoder starts from the encoder's last state.
        tied: whether the output layer uses the target embedding's weights; E must then be H.

    Raises:
        InputError: a share outside [0, 1), sizes below 1, tied sizes that differ, an architecture that is no recurrent
            cell in one direction.
    """

    metric: ClassVar[str] = "perplexity"

    def __init__(
        self,
        *,
        level: Literal["character", "word", "subword"] = "word",
        label_smoothing: float = 0.0,
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
        if not 0 <= label_smoothing < 1:
            raise InputError(f"task: expected label_smoothing in [0, 1), got {label_smoothing}")
        self.level, self.label_smoothing = level, label_smoothing
        self.translations = nn.ModuleDict({stage: Translations() for stage in ("val", "test")})
        self.examples: list[dict[str, Any]] = []  # of the current evaluation
        self.described: dict[str, Any] = {}

    @property
    def unit(self) -> str:
        return self.level

    def check_directions(self, directions: int) -> None:
        if directions > 1:
            raise InputError(
                "architecture: expected one direction for a Translation's decoder, got bidirectional: true; remove it: "
                "the encoder always reads in both directions"
            )

    def read_source(self, source: Tensor, lengths: Tensor) -> Memory:
        """Encode sources (B, S) of `lengths` (B,) for the decoder."""
        values, mask, start = self.encoder(self.apply_dropout(self.source_embedding(source)), lengths)
        attention = self.architecture.attention
        return Memory(values, values if attention is None else attention.project(values), mask, start)

    @contextmanager
    def reading(self, memory: Memory) -> Iterator[None]:
        """Within the context, the decoder attends to this source."""
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
        return self.apply_dropout(hidden), state

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        self.cursor.reset()  # each batch holds new sentences
        super().on_train_batch_start(batch, batch_idx)

    def forward(self, begin: int, end: int, state: State, read: Read | None = None) -> tuple[Tensor, State]:
        batch: Any = self.batch
        memory = self.read_source(batch.source, batch.source_lengths)
        with self.reading(memory):
            hidden, state = super().forward(begin, end, state, read)
        if begin > 0:  # the bridge is not used here, and DDP refuses a weight without a gradient
            hidden = hidden + 0 * sum(part.sum() for part in memory.start)
        return hidden, state

    def criterion(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        return cross_entropy(outputs, targets, self.label_smoothing if self.training else 0.0)

    @torch.no_grad()
    def translate(self, source: Tensor, lengths: Tensor, width: int = 1, alpha: float = 1.0) -> Hypotheses:
        """The translations of sources (B, S) of `lengths` (B,) by beam search; see `translating.translate`."""
        return translating.translate(self, self.read_source(source, lengths), width, alpha)

    def evaluate(self, stage: str, batch: Any) -> None:
        self.eval_state = ()  # each batch holds new sentences
        with self.reading(self.read_source(batch.source, batch.source_lengths)):
            super().evaluate(stage, batch)

    def score(self, stage: str, outputs: Tensor, targets: Tensor, batch: Any) -> None:
        """Translate the batch without the truth, and compare both its free and its teacher-forced ids."""
        memory = self.memory
        assert memory is not None
        free = translating.greedily(self, memory)
        if not self._translations(stage).truth_ids:
            self.examples = []  # an earlier evaluation may have been interrupted
        self.examples += translating.describe(self, batch, memory, free)
        forced = mask_special_tokens(outputs).argmax(-1).masked_fill(targets == IGNORE, END)
        self._translations(stage).update(free, forced, targets, batch.places)

    def conclude(self, stage: str) -> dict[str, Tensor]:
        """Add the metrics of `Translations`."""
        metric = self._translations(stage)
        found = metric.compute(writer(self), truths(self, stage))
        measured = {f"{stage}/{name}": value for name, value in found.items()}
        self.described = {"signatures": dict(metric.signatures), "examples": translating.few(self.examples)}
        metric.reset()
        return super().conclude(stage) | measured

    def summarize(self, means: dict[str, Tensor]) -> dict[str, Tensor]:
        """Add the perplexity of each loss in nats per token."""
        losses = {name: nats for name, nats in means.items() if name.endswith("/loss")}
        return means | {name.replace("/loss", "/perplexity"): perplexity(nats) for name, nats in losses.items()}

    def baselines(self, data: Any, split: str) -> dict[str, Any]:
        """Results on a split of `data` without a network: character error rate, and BLEU."""
        truth = [target for _, target in data.texts[split]]
        outputs = data.baselines(split)
        return {
            "baseline_metric": "character_error_rate",  # the lower the better, as every other one
            "baselines": {name: character_error_rate(output, truth) for name, output in outputs.items()},
            "baselines_bleu": {name: bleu(output, truth)[0] for name, output in outputs.items()},
        }

    def findings(self, data: Any, split: str) -> dict[str, Any]:
        """sacrebleu's signatures, and example sentences: source, truth, translation, attention weights."""
        return self.described

    def _translations(self, stage: str) -> Translations:
        metric = self.translations[stage]
        assert isinstance(metric, Translations)
        return metric


def _two_directions(architecture: dict[str, Any], features: int) -> Recurrent:
    """The cell of an encoder."""
    found = catalog.find("architectures", architecture["class_path"])
    if not issubclass(found, Recurrent):
        raise InputError(f"architecture: a Translation needs a recurrent cell (LSTM, GRU or RNN), got {found.__name__}")
    return found(**{**(architecture.get("init_args") or {}), "input_size": features, "bidirectional": True})
