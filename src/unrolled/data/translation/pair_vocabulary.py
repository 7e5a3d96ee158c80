"""Source and target vocabularies of sentence pairs; their first tokens are <unk>, <bos> and <eos>."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from unrolled.data.tokens.subwords import Subwords
from unrolled.data.tokens.vocabulary import Level
from unrolled.data.translation.sentences import Pair
from unrolled.errors import InputError

SPECIALS = ("<unk>", "<bos>", "<eos>")  # the ids that functional/translation.py expects
JOINER = {"character": "", "word": " "}


def split_tokens(sentence: str, level: Level) -> list[str]:
    """The words of a sentence, split at whitespace, or its characters."""
    return list(sentence) if level == "character" else sentence.split()


class PairVocabulary:
    """A numbered list of the words or characters of one language; other tokens are read as <unk>.

    Args:
        tokens: every token once, the special tokens first.
        level: the unit of a token.
    """

    def __init__(self, tokens: Iterable[str], level: Level) -> None:
        self.tokens, self.level = [*tokens], level
        # a special token in a sentence is unknown: otherwise <eos> in a sentence would end it
        self.numbers = {token: number for number, token in enumerate(self.tokens) if token not in SPECIALS}
        if tuple(self.tokens[:3]) != SPECIALS or len(self.numbers) + 3 < len(self.tokens):
            raise InputError(f"vocabulary: expected {', '.join(SPECIALS)} first, tokens unique, got {self.tokens[:3]}")

    @classmethod
    def build(cls, sentences: Iterable[str], level: Level, size: int | None = None) -> "PairVocabulary":
        """The vocabulary of training sentences: most frequent tokens first, ties in alphabetical order.

        Args:
            sentences: the training sentences of one language.
            level: the unit of a token.
            size: maximum number of tokens, including the special tokens; None: keep all.

        Raises:
            InputError: a size that leaves only the special tokens.
        """
        if size is not None and size <= len(SPECIALS):
            raise InputError(f"data.init_args.vocabulary_size: expected more than {len(SPECIALS)}, got {size}")
        counts = Counter(token for sentence in sentences for token in split_tokens(sentence, level))
        ranked = sorted(counts.keys() - set(SPECIALS), key=lambda token: (-counts[token], token))
        return cls([*SPECIALS, *ranked][:size], level)

    def encode(self, sentence: str) -> Tensor:
        """Token ids (N,) int64."""
        tokens = split_tokens(sentence, self.level)
        return torch.tensor([self.numbers.get(token, 0) for token in tokens], dtype=torch.int64)

    def words(self, numbers: Iterable[int]) -> list[str]:
        """The tokens of token ids."""
        return [self.tokens[number] for number in numbers]

    def write(self, numbers: Iterable[int]) -> str:
        """The sentence of token ids."""
        return JOINER[self.level].join(self.words(numbers))

    def __len__(self) -> int:
        return len(self.tokens)


class PairVocabularies(NamedTuple):
    """The source and the target vocabulary; with subwords, both are the same."""

    source: PairVocabulary | Subwords
    target: PairVocabulary | Subwords

    @classmethod
    def build(cls, pairs: Sequence[Pair], level: Level, size: int | None) -> "PairVocabularies":
        """The vocabularies of training pairs: at most `size` tokens each, or subwords of both languages together."""
        sources, targets = [source for source, _ in pairs], [target for _, target in pairs]
        if level == "subword":
            shared = Subwords.build([*sources, *targets], size)
            return cls(shared, shared)
        return cls(PairVocabulary.build(sources, level, size), PairVocabulary.build(targets, level, size))

    def state(self) -> dict[str, Any]:
        """The vocabularies as plain builtins, for a checkpoint."""
        merges = {"merges": self.target.merges} if isinstance(self.target, Subwords) else {}
        return {"source": self.source.tokens, "target": self.target.tokens, "level": self.target.level, **merges}

    def check_state(self, state: dict[str, Any]) -> None:
        """Raise InputError if the vocabularies of a checkpoint differ from these."""
        mine = self.state()
        if differ := [name for name in ("source", "target", "merges") if state.get(name) != mine.get(name)]:
            given, wanted = (f"{len(of.get(differ[0], ()))} {of['level']}s" for of in (state, mine))
            raise InputError(
                f"checkpoint: its {differ[0]} vocabulary ({given}) is not that of these pairs ({wanted}); use the data "
                "and arguments of the saved run"
            )

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> "PairVocabularies":
        """The vocabularies of a checkpoint."""
        if state["level"] == "subword":
            shared = Subwords(state["target"], state["merges"])
            return cls(shared, shared)
        return cls(*(PairVocabulary(state[side], state["level"]) for side in ("source", "target")))
