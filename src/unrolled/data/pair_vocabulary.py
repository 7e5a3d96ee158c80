"""One side of a set of pairs: sentences <-> numbers, whose first ones are the same for all: <unk>, <bos>, <eos>."""

from collections import Counter
from collections.abc import Iterable

import torch
from torch import Tensor

from unrolled.data.vocabulary import Level
from unrolled.errors import InputError

SPECIALS = ("<unk>", "<bos>", "<eos>")  # numbered as functional/pairs.py does
JOINT = {"character": "", "word": " "}


def split(sentence: str, level: Level) -> list[str]:
    """The tokens of a sentence: what stands between blanks, or each character."""
    return sentence.split() if level == "word" else list(sentence)


class PairVocabulary:
    """A numbered list of tokens; what it does not hold is read as <unk>.

    Args:
        tokens: every token once, the special ones first.
        level: what a token is.
    """

    def __init__(self, tokens: Iterable[str], level: Level) -> None:
        self.tokens, self.level = [*tokens], level
        self.numbers = {token: number for number, token in enumerate(self.tokens)}
        if tuple(self.tokens[:3]) != SPECIALS or len(self.numbers) < len(self.tokens):
            raise InputError(f"vocabulary: expected {', '.join(SPECIALS)} first, every token once: {self.tokens[:3]}")

    @classmethod
    def build(cls, sentences: Iterable[str], level: Level, size: int | None = None) -> "PairVocabulary":
        """Of the training sentences: the most frequent tokens first, equals in alphabetical order, `size` in all.

        Raises:
            InputError: a size that leaves none but the special ones.
        """
        if size is not None and size <= len(SPECIALS):
            raise InputError(f"data.init_args.vocabulary_size: expected more than {len(SPECIALS)}, got {size}")
        counts = Counter(token for sentence in sentences for token in split(sentence, level))
        ranked = sorted(counts.keys() - set(SPECIALS), key=lambda token: (-counts[token], token))
        return cls([*SPECIALS, *ranked][:size], level)

    def encode(self, sentence: str) -> Tensor:
        """Token numbers (N,) int64."""
        return torch.tensor([self.numbers.get(token, 0) for token in split(sentence, self.level)], dtype=torch.int64)

    def words(self, numbers: Iterable[int]) -> list[str]:
        """The tokens of these numbers."""
        return [self.tokens[number] for number in numbers]

    def write(self, numbers: Iterable[int]) -> str:
        """The sentence of these numbers."""
        return JOINT[self.level].join(self.words(numbers))

    def __len__(self) -> int:
        return len(self.tokens)
