"""Sentences of pairs <-> numbers, whose first ones are the same for all: <unk>, <bos>, <eos>."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from unrolled.data.tokens.subwords import Subwords
from unrolled.data.tokens.vocabulary import Level
from unrolled.data.translation.sentences import Pair
from unrolled.errors import InputError

SPECIALS = ("<unk>", "<bos>", "<eos>")  # numbered as functional/pairs.py does
JOINER = {"character": "", "word": " "}


def split_tokens(sentence: str, level: Level) -> list[str]:
    """The words of a sentence, which stand between blanks, or its characters."""
    return list(sentence) if level == "character" else sentence.split()


class PairVocabulary:
    """A numbered list of words or characters of one side; what it does not hold is read as <unk>.

    Args:
        tokens: every token once, the special ones first.
        level: what a token is.
    """

    def __init__(self, tokens: Iterable[str], level: Level) -> None:
        self.tokens, self.level = [*tokens], level
        # a special token that someone wrote is none: a sentence would end where <eos> stands in it
        self.numbers = {token: number for number, token in enumerate(self.tokens) if token not in SPECIALS}
        if tuple(self.tokens[:3]) != SPECIALS or len(self.numbers) + 3 < len(self.tokens):
            raise InputError(f"vocabulary: expected {', '.join(SPECIALS)} first, every token once: {self.tokens[:3]}")

    @classmethod
    def build(cls, sentences: Iterable[str], level: Level, size: int | None = None) -> "PairVocabulary":
        """Of the training sentences: the most frequent tokens first, equals in alphabetical order, `size` in all.

        Raises:
            InputError: a size that leaves none but the special ones.
        """
        if size is not None and size <= len(SPECIALS):
            raise InputError(f"data.init_args.vocabulary_size: expected more than {len(SPECIALS)}, got {size}")
        counts = Counter(token for sentence in sentences for token in split_tokens(sentence, level))
        ranked = sorted(counts.keys() - set(SPECIALS), key=lambda token: (-counts[token], token))
        return cls([*SPECIALS, *ranked][:size], level)

    def encode(self, sentence: str) -> Tensor:
        """Token numbers (N,) int64."""
        return torch.tensor(
            [self.numbers.get(token, 0) for token in split_tokens(sentence, self.level)], dtype=torch.int64
        )

    def words(self, numbers: Iterable[int]) -> list[str]:
        """The tokens of these numbers."""
        return [self.tokens[number] for number in numbers]

    def write(self, numbers: Iterable[int]) -> str:
        """The sentence of these numbers."""
        return JOINER[self.level].join(self.words(numbers))

    def __len__(self) -> int:
        return len(self.tokens)


class PairVocabularies(NamedTuple):
    """What both sides of the pairs are numbered by; subwords of both languages are one list."""

    source: PairVocabulary | Subwords
    target: PairVocabulary | Subwords

    @classmethod
    def build(cls, pairs: Sequence[Pair], level: Level, size: int | None) -> "PairVocabularies":
        """Of the training pairs; `size` tokens of each side at most, of subwords both sides together."""
        ours, theirs = [source for source, _ in pairs], [target for _, target in pairs]
        if level == "subword":
            shared = Subwords.build([*ours, *theirs], size)
            return cls(shared, shared)
        return cls(PairVocabulary.build(ours, level, size), PairVocabulary.build(theirs, level, size))

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps: plain builtins."""
        merges = {"merges": self.target.merges} if isinstance(self.target, Subwords) else {}
        return {"source": self.source.tokens, "target": self.target.tokens, "level": self.target.level, **merges}

    def check_state(self, kept: dict[str, Any]) -> None:
        """Refuse what a checkpoint of other vocabularies kept."""
        mine = self.state()
        if differ := [name for name in ("source", "target", "merges") if kept.get(name) != mine.get(name)]:
            given, wanted = (f"{len(of.get(differ[0], ()))} {of['level']}s" for of in (kept, mine))
            raise InputError(
                f"checkpoint: its {differ[0]} vocabulary ({given}) is not that of these pairs ({wanted}); use the data "
                "and arguments of the saved run"
            )

    @classmethod
    def from_state(cls, kept: dict[str, Any]) -> "PairVocabularies":
        """What a checkpoint kept."""
        if kept["level"] == "subword":
            shared = Subwords(kept["target"], kept["merges"])
            return cls(shared, shared)
        return cls(*(PairVocabulary(kept[side], kept["level"]) for side in ("source", "target")))
