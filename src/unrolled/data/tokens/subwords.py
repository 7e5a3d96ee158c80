"""Byte-level byte-pair encoding: subwords that can encode every text."""

import json
import os
import re
from collections.abc import Iterable
from typing import Any, Final

import torch
from torch import Tensor

from unrolled.data.tokens.vocabulary import BEGIN, END_OF_LINE, UNKNOWN
from unrolled.errors import InputError

SPECIALS = (UNKNOWN, BEGIN, END_OF_LINE)
LEAST = len(SPECIALS) + 256  # every byte is a token
LINE = re.compile(r"[^\n]*\n+|[^\n]+")  # lines, which are encoded separately; joined, they are the text


class Subwords:
    """Byte-pair encoding: starting from single bytes, the most frequent pair of adjacent tokens is merged repeatedly.

    A space belongs to the word after it.  Encoding adds a space before the text and decoding removes it, so that a word
    has the same tokens at the start of a text as elsewhere.  Source: Sennrich, Haddow & Birch 2016, "Neural machine
    translation of rare words with subword units"; over bytes: Radford et al. 2019.

    Args:
        tokens: every token once, the special tokens first; bytes are written as printable characters.
        merges: pairs of tokens to merge, "a b", the most frequent first.

    Raises:
        InputError: special tokens or bytes are missing, a token occurs twice, or a merge has an unknown token.
    """

    level: Final = "subword"

    def __init__(self, tokens: Iterable[str], merges: Iterable[str]) -> None:
        from tokenizers import Tokenizer, decoders, models, pre_tokenizers

        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # its threads do not survive the fork of DDP
        self.tokens, self.merges = [*tokens], [*merges]
        numbers = {token: number for number, token in enumerate(self.tokens)}
        known = numbers.keys() >= {*pre_tokenizers.ByteLevel.alphabet()} and len(numbers) == len(self.tokens)
        pairs = [(left, right) for left, _, right in (merge.partition(" ") for merge in self.merges)]
        known = known and all({left, right, left + right} <= numbers.keys() for left, right in pairs)
        if tuple(self.tokens[:3]) != SPECIALS or not known:
            raise InputError(
                f"vocabulary: expected {', '.join(SPECIALS)} first, all bytes, every token once and no merge of others,"
                f" got {self.tokens[:3]}... ({len(self.tokens)} tokens); build it with Subwords.build"
            )
        self._tokenizer: Any = Tokenizer(models.BPE(vocab=numbers, merges=pairs))
        self._tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        self._tokenizer.decoder = decoders.ByteLevel()

    @classmethod
    def build(cls, texts: Iterable[str], size: int | None) -> "Subwords":
        """Learn at most `size` subwords from the training texts, including the special tokens and the bytes.

        Raises:
            InputError: no size, or one that allows no merge.
        """
        from tokenizers import Tokenizer, models, pre_tokenizers, trainers

        os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
        if size is None or size <= LEAST:
            given = "null" if size is None else size
            raise InputError(f"data.init_args.vocabulary_size: expected more than {LEAST} for subwords, got {given}")
        tokenizer: Any = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        trainer = trainers.BpeTrainer(
            vocab_size=size,
            special_tokens=list(SPECIALS),
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        )
        tokenizer.train_from_iterator((line for text in texts for line in LINE.findall(f" {text}")), trainer)
        learned = json.loads(tokenizer.to_str())["model"]
        tokens = sorted(learned["vocab"], key=learned["vocab"].__getitem__)
        return cls(tokens, [" ".join(pair) for pair in learned["merges"]])

    def encode(self, text: str) -> Tensor:
        """Token ids (N,) int64."""
        lines = self._tokenizer.encode_batch(LINE.findall(f" {text}") if text else [])
        return torch.tensor([number for line in lines for number in line.ids], dtype=torch.int64)

    def decode(self, numbers: Tensor) -> str:
        """The text of token ids (N,), without <bos>; bytes that are not valid UTF-8 become \ufffd."""
        return self.write(numbers.tolist())

    def write(self, numbers: Iterable[int]) -> str:
        """The text of token ids, without <bos>."""
        text: str = self._tokenizer.decode([number for number in numbers if number != self.begin])
        return text.removeprefix(" ")

    def words(self, numbers: Iterable[int]) -> list[str]:
        """The text of each token, with \u2581 in place of the space before a word."""
        return [self._tokenizer.decode([number]).replace(" ", "\u2581") for number in numbers]

    @property
    def begin(self) -> int:
        """The id of <bos>, the first input of a stream."""
        return SPECIALS.index(BEGIN)

    def __len__(self) -> int:
        return len(self.tokens)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Subwords) and (self.tokens, self.merges) == (other.tokens, other.merges)

    __hash__ = None  # type: ignore[assignment]  # mutable
