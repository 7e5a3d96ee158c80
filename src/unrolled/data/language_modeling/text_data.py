"""Base of all text data sets for language modelling: splits, vocabulary and contiguous token streams."""

from collections.abc import Callable
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from unrolled.data.base import SequenceDataModule, Split, at_least
from unrolled.data.loaders.token_stream import StreamLoader
from unrolled.data.splits import require_splits
from unrolled.data.tokens.tokenizer import HasVocabulary, build_vocabulary, check_level, vocabulary_state
from unrolled.data.tokens.vocabulary import Level
from unrolled.errors import InputError


class TextData(HasVocabulary, SequenceDataModule):
    """Text for language modelling.  A data set overrides `load`.

    After `setup()`: `vocabulary`, of the training split only; `tokens[split]` (N,) int64; `text(split)`.

    Args:
        level: the unit of a token: "character", "word" (split at whitespace, <eos> at each line end) or "subword".
        vocabulary_size: keep the most frequent tokens, including the special tokens; other tokens are read as <unk>.
            null: keep all; not for subwords.
        batch_size: sequences of a training batch, per process.
        sequence_length: time steps of a batch.
        eval_batch_size: sequences of a validation or test batch, per process.
        document_separator: the text at the end of each document, such as "\\n\\n\\n"; the state is reset after it.
            null: a single document.
    """

    def __init__(
        self,
        *,
        level: Level = "character",
        vocabulary_size: int | None = None,
        batch_size: int = 64,
        sequence_length: int = 64,
        eval_batch_size: int = 16,
        document_separator: str | None = None,
    ) -> None:
        super().__init__()
        self.level = level
        self.vocabulary_size = vocabulary_size
        self.batch_size = batch_size
        self.sequence_length = sequence_length
        self.eval_batch_size = eval_batch_size
        self.document_separator = document_separator
        self.tokens: dict[Split, Tensor] = {}
        self._starts: dict[Split, Tensor] = {}
        self._texts: dict[Split, str] = {}

    def load(self) -> dict[Split, str]:
        """The raw text of each split, "" for a split that does not exist; called once."""
        raise NotImplementedError(f"{type(self).__name__} does not define load()")

    def setup(self, stage: str | None = None) -> None:
        """Load, split and encode the text once.

        Raises:
            InputError: arguments or text that cannot be trained on.
        """
        self.check_arguments()
        if not self.tokens:
            self._texts = self.load()
            self.set_vocabulary(build_vocabulary([self._texts["train"]], self.level, self.vocabulary_size))
            for split, text in self._texts.items():
                encoded = encode_documents(text, self.document_separator, self.vocabulary.encode)
                self.tokens[split], self._starts[split] = encoded
        for split in self.tokens:
            self._check_length(split)
        require_splits(self.owner, stage, {split: len(tokens) for split, tokens in self.tokens.items()})

    def check_arguments(self) -> None:
        check_level(self.level)
        if self.document_separator == "":
            raise InputError("data.init_args.document_separator: expected a text, or null, got an empty one")
        at_least(
            1,
            batch_size=self.batch_size,
            sequence_length=self.sequence_length,
            eval_batch_size=self.eval_batch_size,
        )

    def _check_length(self, split: Split) -> None:
        argument, rows = self._rows(split)
        count, total = len(self.tokens[split]), rows * self.process.world_size
        if not count:
            return
        if count < self.sequence_length + 1:
            raise InputError(
                f"{self.owner}: the {split} split has {count} tokens ({self.level}s), expected at least "
                f"{self.sequence_length + 1} for one window; lower data.init_args.sequence_length or give more text"
            )
        if count < total:
            raise InputError(
                f"{self.owner}: the {split} split has {count} tokens ({self.level}s), fewer than the {total} "
                f"rows of a batch over all processes; lower data.init_args.{argument}"
            )

    def text(self, split: Split) -> str:
        """The raw text of a split."""
        return self._texts[split]

    def sizes(self) -> dict[str, Any]:
        return {"vocabulary_size": len(self.vocabulary), "level": self.level}

    def state_dict(self) -> dict[str, Any]:
        """Vocabulary and sizes, for the checkpoint of the weights that depend on them."""
        return {**vocabulary_state(self.vocabulary), "sizes": self.sizes()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.load_vocabulary(state_dict)

    def train_dataloader(self) -> StreamLoader:
        return self._loader("train")

    def val_dataloader(self) -> StreamLoader:
        return self._loader("valid")

    def test_dataloader(self) -> StreamLoader:
        return self._loader("test")

    def _loader(self, split: Split) -> StreamLoader:
        return StreamLoader(
            self.tokens[split],
            begin=self.vocabulary.begin,
            rows=self._rows(split)[1],
            window=self.sequence_length,
            starts=self._starts[split],
            rank=self.process.rank,
            world_size=self.process.world_size,
        )

    def _rows(self, split: Split) -> tuple[str, int]:
        """The argument that sets the number of rows of a batch, and its value."""
        return ("batch_size", self.batch_size) if split == "train" else ("eval_batch_size", self.eval_batch_size)


def encode_documents(text: str, separator: str | None, encode: Callable[[str], Tensor]) -> tuple[Tensor, Tensor]:
    """Encode each document separately.

    Args:
        text: the documents, concatenated.
        separator: the text at the end of each document but the last; None: a single document.
        encode: text -> token ids (N,).

    Returns:
        The token ids of all documents (N,), and the indices of the first tokens of the second and later documents.
    """
    *ended, last = text.split(separator) if separator else [text]
    documents = [*(f"{document}{separator}" for document in ended), last]
    encoded = [encode(document) for document in documents if document or len(documents) == 1]
    return torch.cat(encoded), torch.tensor([*accumulate(map(len, encoded))][:-1], dtype=torch.int64)
