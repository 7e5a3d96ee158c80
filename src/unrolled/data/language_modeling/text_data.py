"""The base of every text data set: text -> splits -> vocabulary -> streams."""

from collections.abc import Callable
from itertools import accumulate
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from unrolled.data.loaders.token_stream import StreamLoader
from unrolled.data.splits import Split, require_splits
from unrolled.data.tokens.tokenizer import HasVocabulary, build_vocabulary, check_level, vocabulary_state
from unrolled.data.tokens.vocabulary import Level
from unrolled.errors import InputError


def encode_documents(text: str, separator: str | None, encode: Callable[[str], Tensor]) -> tuple[Tensor, Tensor]:
    """The tokens of all documents, and the places of those with which the second and later ones start.

    Args:
        text: the documents, one behind the other.
        separator: what each but the last ends with; null: there is one document.
        encode: token numbers (N,) of a text.
    """
    *ended, rest = text.split(separator) if separator else [text]
    documents = [*(f"{document}{separator}" for document in ended), rest]
    encoded = [encode(document) for document in documents if document or len(documents) == 1]
    return torch.cat(encoded), torch.tensor([*accumulate(map(len, encoded))][:-1], dtype=torch.int64)


class TextData(HasVocabulary, pl.LightningDataModule):
    """Text for language modelling.  A data set overrides `load` alone.

    After `setup()`: `vocabulary`, built on the training part alone; `tokens[split]`, (N,) int64; `text(split)`.

    Args:
        level: what a token is: "character", "word" (split at blanks, <eos> at each line end) or "subword".
        vocabulary_size: keep the most frequent tokens, special ones counted, the rest is read as <unk>; null: keep all.
            Subwords need it.
        batch_size: rows of a training batch, per process.
        sequence_length: time steps of a batch.
        eval_batch_size: rows of a validation or test batch, per process.
        document_separator: what a document ends with, say "\\n\\n\\n"; behind it a row starts anew; null: one document.
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
        raise NotImplementedError

    def setup(self, stage: str | None = None) -> None:
        """Read, split and number the text once; refuse what cannot be trained on before the first step."""
        self.check_arguments()
        if not self.tokens:
            self._texts = self.load()
            self.set_vocabulary(build_vocabulary([self._texts["train"]], self.level, self.vocabulary_size))
            for split, text in self._texts.items():
                found = encode_documents(text, self.document_separator, self.vocabulary.encode)
                self.tokens[split], self._starts[split] = found
        for split in self.tokens:
            self._check_length(split)
        require_splits(type(self).__name__, stage, {split: len(tokens) for split, tokens in self.tokens.items()})

    def check_arguments(self) -> None:
        """Refuse arguments that no text could satisfy."""
        check_level(self.level)
        if self.document_separator == "":
            raise InputError("data.init_args.document_separator: expected a text, or null, got an empty one")
        for name in ("batch_size", "sequence_length", "eval_batch_size"):
            if (value := getattr(self, name)) < 1:
                raise InputError(f"data.init_args.{name}: expected 1 or more, got {value}")

    def _check_length(self, split: Split) -> None:
        key, rows = self._rows(split)
        count, total = len(self.tokens[split]), rows * self._place()[1]
        if not count:
            return
        if count < self.sequence_length + 1:
            raise InputError(
                f"{type(self).__name__}: the {split} split has {count} tokens ({self.level}s), expected at least "
                f"{self.sequence_length + 1} for one window; lower data.init_args.sequence_length or give more text"
            )
        if count < total:
            raise InputError(
                f"{type(self).__name__}: the {split} split has {count} tokens ({self.level}s), fewer than the {total} "
                f"rows of a batch over all processes; lower data.init_args.{key}"
            )

    def text(self, split: Split) -> str:
        """The raw text of a split."""
        return self._texts[split]

    def sizes(self) -> dict[str, Any]:
        """What a task must know of this data to be built, by the name of the task's argument."""
        return {"vocabulary_size": len(self.vocabulary), "level": self.level}

    def state_dict(self) -> dict[str, Any]:
        """The vocabulary goes with the weights, for they are worth nothing without it."""
        return {**vocabulary_state(self.vocabulary), "sizes": self.sizes()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.load_vocabulary(state_dict)

    def train_dataloader(self) -> StreamLoader:
        return self._stream("train")

    def val_dataloader(self) -> StreamLoader:
        return self._stream("valid")

    def test_dataloader(self) -> StreamLoader:
        return self._stream("test")

    def _stream(self, split: Split) -> StreamLoader:
        rank, world_size = self._place()
        return StreamLoader(
            self.tokens[split],
            begin=self.vocabulary.begin,
            rows=self._rows(split)[1],
            window=self.sequence_length,
            starts=self._starts[split],
            rank=rank,
            world_size=world_size,
        )

    def _rows(self, split: Split) -> tuple[str, int]:
        """The argument that says how many rows a batch of this split has, and its value."""
        return ("batch_size", self.batch_size) if split == "train" else ("eval_batch_size", self.eval_batch_size)

    def _place(self) -> tuple[int, int]:
        """(rank, number of processes)."""
        return (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
