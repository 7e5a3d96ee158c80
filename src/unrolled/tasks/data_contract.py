"""The optional attributes of data modules, loaders, tasks and cells that tasks and strategies read.

Every class of `unrolled.data` that has the attributes meets a protocol; it need not name it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from torch import Tensor

if TYPE_CHECKING:
    from unrolled.tasks.base import SequenceTask


@runtime_checkable
class HasTokens(Protocol):
    """A text as one stream of token ids for each split."""

    tokens: dict[Any, Tensor]  # (N,) by split


@runtime_checkable
class HasTexts(Protocol):
    """Sentence pairs by split: source, target."""

    texts: dict[Any, list[tuple[str, str]]]


@runtime_checkable
class HasVocabularies(Protocol):
    """The vocabularies of sentence pairs; `words(ids)` gives a sentence's tokens."""

    source_vocabulary: Any
    vocabulary: Any


@runtime_checkable
class WritesText(Protocol):
    """Data that can turn ids back into text."""

    def write(self, numbers: list[int]) -> str:
        """The text of a sentence's ids."""


@runtime_checkable
class CountsTokens(Protocol):
    """Labelled text."""

    def token_counts(self) -> tuple[Tensor, Tensor]:
        """Of the training split: how often each token occurs with and without each class."""


@runtime_checkable
class HasClasses(Protocol):
    """Labelled data: the names of its classes."""

    classes: list[str]


@runtime_checkable
class HasLanguages(Protocol):
    """Text in several languages."""

    def languages(self, split: str) -> list[str]:
        """The language of each sequence of a split."""


@runtime_checkable
class HasBaselineMetric(Protocol):
    """Data whose baselines have another metric than the task's loss."""

    baseline_metric: str | None  # None: the task's main metric


@runtime_checkable
class HasChannels(Protocol):
    """A task that knows the layout of its inputs: the number of channels of each kind."""

    channels: dict[str, int]


@runtime_checkable
class ReadsMarks(Protocol):
    """A cell (GRU-D) that reads `values`, as many marks and as many times since the last observation."""

    values: int


@runtime_checkable
class SpansBatches(Protocol):
    """A loader that knows whether a sequence may continue in the next batch."""

    spans_batches: bool


@runtime_checkable
class StreamsSeries(Protocol):
    """A loader of series in consecutive pieces instead of windows."""

    streams: bool


def data_module(task: SequenceTask) -> object:
    """The run's data module; None where the Trainer was given loaders."""
    return getattr(task.trainer, "datamodule", None)  # Lightning sets the attribute only where there is one


def streams_series(task: SequenceTask) -> bool:
    """Whether training reads consecutive pieces of series instead of windows."""
    loader = task.trainer.train_dataloader
    return isinstance(loader, StreamsSeries) and loader.streams
