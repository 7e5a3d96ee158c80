"""Say in one language what was read in another.  B batch, S source steps, T target steps, H hidden."""

from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from unrolled.errors import InputError
from unrolled.functional.batch import IGNORE
from unrolled.functional.beam_search import Hypotheses
from unrolled.functional.losses import cross_entropy, perplexity
from unrolled.functional.translation import END, bleu, character_error_rate, sayable
from unrolled.tasks.translation import decoding as translating
from unrolled.tasks.translation.encoder_decoder import SourceReader
from unrolled.tasks.translation.metrics import Translations, truths, writer


class Translation(SourceReader):
    """p(target_t | targets before t, source), trained on the mean negative log-likelihood in nats per target token.

    How it reads says `SourceReader`.  An evaluation also lets it translate alone (`Translations`: what is measured).

    Args:
        level: what a token is; the data says it.
        label_smoothing: share of each target, in [0, 1), that all ids have alike, in training alone.

    Raises:
        InputError: a share outside [0, 1).
    """

    metric: ClassVar[str] = "perplexity"

    def __init__(
        self, *, level: Literal["character", "word", "subword"] = "word", label_smoothing: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if not 0 <= label_smoothing < 1:
            raise InputError(f"task: expected label_smoothing in [0, 1), got {label_smoothing}")
        self.level, self.label_smoothing = level, label_smoothing
        self.translations = nn.ModuleDict({stage: Translations() for stage in ("val", "test")})
        self.examples: list[dict[str, Any]] = []  # of an evaluation that is under way
        self.described: dict[str, Any] = {}

    @property
    def unit(self) -> str:
        return self.level

    def criterion(self, outputs: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        return cross_entropy(outputs, targets, self.label_smoothing if self.training else 0.0)

    @torch.no_grad()
    def translate(self, source: Tensor, lengths: Tensor, width: int = 1, alpha: float = 1.0) -> Hypotheses:
        """The translations of sources (B, S) of `lengths` (B,) by beam search; see `translating.translate`."""
        return translating.translate(self, self.read_source(source, lengths), width, alpha)

    def evaluate(self, stage: str, batch: Any) -> None:
        self.heard = ()  # each batch holds new sentences
        with self.reading(self.read_source(batch.source, batch.source_lengths)):
            super().evaluate(stage, batch)

    def score(self, stage: str, outputs: Tensor, targets: Tensor, batch: Any) -> None:
        """Translate the batch without the truth, and compare both its free and its teacher-forced ids."""
        memory = self.memory
        assert memory is not None
        free = translating.greedily(self, memory)
        if not self._translations(stage).truth_ids:
            self.examples = []  # another evaluation may have been broken off
        self.examples += translating.describe(self, batch, memory, free)
        forced = sayable(outputs).argmax(-1).masked_fill(targets == IGNORE, END)
        self._translations(stage).update(free, forced, targets, batch.places)

    def conclude(self, stage: str) -> dict[str, Tensor]:
        """Beside the loss what `Translations` measures."""
        metric = self._translations(stage)
        found = metric.compute(writer(self), truths(self, stage))
        measured = {f"{stage}/{name}": value for name, value in found.items()}
        self.described = {"signatures": dict(metric.signatures), "examples": translating.few(self.examples)}
        metric.reset()
        return super().conclude(stage) | measured

    def summarize(self, means: dict[str, Tensor]) -> dict[str, Tensor]:
        """Beside each loss in nats per token its perplexity."""
        losses = {name: nats for name, nats in means.items() if name.endswith("/loss")}
        return means | {name.replace("/loss", "/perplexity"): perplexity(nats) for name, nats in losses.items()}

    def baselines(self, data: Any, split: str) -> dict[str, Any]:
        """What is reached on a split of `data` without a network: the character error rate, and BLEU beside it."""
        truth = [target for _, target in data.texts[split]]
        told = data.baselines(split)
        return {
            "baseline_metric": "character_error_rate",  # the lower the better, as every other one
            "baselines": {name: character_error_rate(said, truth) for name, said in told.items()},
            "baselines_bleu": {name: bleu(said, truth)[0] for name, said in told.items()},
        }

    def findings(self, data: Any, split: str) -> dict[str, Any]:
        """sacrebleu's signatures, and some sentences: source, truth, translation, and where each step looked."""
        return self.described

    def _translations(self, stage: str) -> Translations:
        metric = self.translations[stage]
        assert isinstance(metric, Translations)
        return metric
