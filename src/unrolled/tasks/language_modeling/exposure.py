"""Exposure bias of a language model: its free-running text compared with the true continuation.

B texts, P tokens of the prefix, L tokens written, N tokens of training, V vocabulary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.utilities import dim_zero_cat

from unrolled.functional.batch import SequenceBatch, has_target
from unrolled.functional.generators import generator
from unrolled.functional.losses import perplexity
from unrolled.functional.ngrams import NgramModel
from unrolled.functional.text_scores import distinct, repetition
from unrolled.tasks.data_contract import HasTokens, data_module
from unrolled.tasks.step.telemetry import WIDE

if TYPE_CHECKING:
    from unrolled.tasks.language_modeling.language_modeling import LanguageModeling

ROWS, PREFIX, LENGTH = 64, 50, 100  # texts per process and length of the prefix, at most; number of tokens written
ORDERS = {"character": 5, "word": 3, "subword": 3}  # of the n-gram that scores the texts
COUNTED = 2**21  # training tokens that it counts at most, so that it is built within two seconds


class TextExposure(Metric):
    """Texts drawn at temperature 1 and their true continuations, both scored by an n-gram of the training text.

        free_running_perplexity  of the model's continuation of a prefix
        truth_perplexity         of the true continuation
        exposure_gap             ln(free_running_perplexity / truth_perplexity), nats per token
        distinct_2               different pairs of tokens per pair, over all texts
        repetition_4             share of the four-token runs of a text that occurred earlier in it

    All over the texts of all processes.

    Args:
        order: tokens in an n-gram of the scoring model.
        vocabulary_size: V.
    """

    full_state_update = False
    nats: Tensor  # (2,) summed: written texts, the truth
    counts: Tensor  # (2,) tokens
    written: list[Tensor]  # (B, L) each

    def __init__(self, order: int, vocabulary_size: int) -> None:
        super().__init__()
        self.order, self.vocabulary_size = order, vocabulary_size
        self.train_tokens: Tensor | None = None  # the training text that `judge` was built from
        for name in ("nats", "counts"):
            self.add_state(name, torch.zeros(2, dtype=WIDE), dist_reduce_fx="sum")
        self.add_state("written", [], dist_reduce_fx="cat")

    def update(self, train: Tensor, prefix: Tensor, written: Tensor, truth: Tensor) -> None:
        """The training text (N,), and texts: prefix (B, P), written (B, L), truth (B, at most L), IGNORE is skipped."""
        if self.train_tokens is not train:
            self.train_tokens = train
            self.judge = NgramModel(train[:COUNTED].cpu().numpy(), self.order, self.vocabulary_size)
        masks = [has_target(tokens).cpu().numpy() for tokens in (written, truth)]
        ids = [tokens.cpu().numpy() * known for tokens, known in zip((written, truth), masks, strict=True)]
        nats = [self.judge.nll(tokens, prefix.cpu().numpy()) for tokens in ids]
        self.nats = self.nats + self.nats.new_tensor([float((n * k).sum()) for n, k in zip(nats, masks, strict=True)])
        self.counts = self.counts + self.counts.new_tensor([int(known.sum()) for known in masks])
        self.written.append(written)

    def compute(self) -> dict[str, Tensor]:
        free, truth = self.nats / self.counts
        texts = dim_zero_cat(self.written).cpu().numpy()
        return {
            "free_running_perplexity": perplexity(free),
            "truth_perplexity": perplexity(truth),
            "exposure_gap": free - truth,
            "distinct_2": free.new_tensor(distinct(texts, 2)),
            "repetition_4": free.new_tensor(repetition(texts, 4)),
        }


def observe(task: LanguageModeling, stage: str, batch: SequenceBatch) -> None:
    """Generate text after the rows of an evaluation's first batch; skipped where the data has no training tokens.

    The draws use a separate generator, so that training continues as if there had been no evaluation, and two
    evaluations of one model agree.
    """
    data = data_module(task)
    train = data.tokens.get("train") if isinstance(data, HasTokens) else None
    if train is None or not len(train) or task.exposure.written:
        return
    steps = min(PREFIX, max(1, batch.inputs.shape[1] // 2))
    prefix, truth = batch.inputs[:ROWS, :steps], batch.targets[:ROWS, steps - 1 :][:, :LENGTH]
    draws = generator(task.seed, "free running", stage, task.global_rank)
    written = task.run_free(prefix, LENGTH, temperature=1.0, generator=draws)
    task.exposure.update(train, prefix, written, truth)


def conclude(task: LanguageModeling, stage: str) -> dict[str, Tensor]:
    """The metrics of this evaluation by name, and reset; empty if nothing was generated."""
    if not task.exposure.written:
        return {}
    measured = {f"{stage}/{name}": value for name, value in task.exposure.compute().items()}
    task.exposure.reset()
    return measured
