"""Vocabularies of characters or words."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Literal

import torch
from torch import Tensor

from unrolled.errors import InputError

Level = Literal["character", "word", "subword"]
LEVELS: tuple[Level, ...] = ("character", "word", "subword")  # subwords: see `Subwords`
UNKNOWN, BEGIN, END_OF_LINE = "<unk>", "<bos>", "<eos>"


def split_words(text: str) -> list[str]:
    """Split at whitespace; each line end is a token <eos>."""
    return text.replace("\n", f" {END_OF_LINE} ").split()


def join_words(tokens: Iterable[str]) -> str:
    """The inverse of `split_words`, with one space between words."""
    return re.sub(" ?\n ?", "\n", " ".join("\n" if token == END_OF_LINE else token for token in tokens))


SPECIALS: dict[Level, tuple[str, ...]] = {"character": (UNKNOWN, BEGIN), "word": (UNKNOWN, BEGIN, END_OF_LINE)}
SPLIT: dict[Level, Callable[[str], list[str]]] = {"character": list, "word": split_words}
JOIN: dict[Level, Callable[[Iterable[str]], str]] = {"character": "".join, "word": join_words}


class Vocabulary:
    """A numbered list of tokens; other tokens are read as `<unk>`.

    Special tokens: <unk> and <bos>; at word level also <eos>, the end of a line (at character level, a line end is a
    character).

    Args:
        tokens: every token once, the special tokens of the level first.
        level: the unit of a token.
    """

    def __init__(self, tokens: list[str], level: Level) -> None:
        self.tokens, self.level = list(tokens), level
        self._numbers = {token: number for number, token in enumerate(self.tokens)}
        specials = SPECIALS[level]
        if tuple(self.tokens[: len(specials)]) != specials or len(self._numbers) != len(self.tokens):
            raise InputError(
                f"vocabulary: expected {', '.join(specials)} first and every token once, got {self.tokens[:3]}... "
                f"({len(self.tokens)} tokens); build it with Vocabulary.build"
            )

    @classmethod
    def build(cls, text: str, level: Level, size: int | None = None) -> "Vocabulary":
        """The vocabulary of a training text: most frequent tokens first, ties in alphabetical order.

        Args:
            text: the training split only.
            level: the unit of a token.
            size: maximum number of tokens, including the special tokens; None: keep all.
        """
        specials = SPECIALS[level]
        if size is not None and size <= len(specials):
            raise InputError(
                f"vocabulary_size: expected more than the {len(specials)} special tokens, got {size}; keep more"
            )
        counts = Counter(SPLIT[level](text))
        ranked = sorted(counts.keys() - set(specials), key=lambda token: (-counts[token], token))
        return cls([*specials, *ranked][:size], level)

    def encode(self, text: str) -> Tensor:
        """Token ids (N,) int64."""
        unknown = self._numbers[UNKNOWN]
        return torch.tensor([self._numbers.get(token, unknown) for token in SPLIT[self.level](text)], dtype=torch.long)

    def decode(self, numbers: Tensor) -> str:
        """The text of token ids (N,), without `<bos>`, with `<unk>`."""
        tokens = [self.tokens[number] for number in numbers.tolist()]
        return JOIN[self.level](token for token in tokens if token != BEGIN)

    @property
    def begin(self) -> int:
        """The id of `<bos>`, the first input of a stream."""
        return self._numbers[BEGIN]

    def __len__(self) -> int:
        return len(self.tokens)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and (self.tokens, self.level) == (other.tokens, other.level)

    __hash__ = None  # type: ignore[assignment]  # mutable
