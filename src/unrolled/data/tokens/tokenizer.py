"""A data set's vocabulary: that of its own training text, which must be the one of a checkpoint that was read."""

from collections.abc import Mapping, Sequence
from typing import Any

from pytorch_lightning.utilities import rank_zero_warn
from torch import Tensor

from unrolled.data.tokens.subwords import Subwords
from unrolled.data.tokens.vocabulary import LEVELS, Level, Vocabulary
from unrolled.errors import InputError, InputWarning

UNKNOWN = 0  # the number of <unk> in every vocabulary


def warn_unknown(owner: str, texts: str, rows: Sequence[Tensor], advice: str) -> None:
    """Warn of texts without a known token, with their share.

    Args:
        owner: whose texts they are.
        texts: what they are called.
        rows: of each text its token numbers (T_i,).
        advice: what can be done.
    """
    if lost := sum(len(row) > 0 and bool((row == UNKNOWN).all()) for row in rows):
        told = f"{lost:,} of {len(rows):,} {texts} ({lost / len(rows):.1%}) have no known token"
        rank_zero_warn(f"{owner}: {told}; {advice}", category=InputWarning)


def warn_unknown_by_split(owner: str, splits: Mapping[Any, Sequence[Tensor]]) -> None:
    """Warn of the texts of each split of `owner`."""
    for split, rows in splits.items():
        texts = f"texts of the {split} split"
        warn_unknown(owner, texts, rows, "raise data.init_args.vocabulary_size, or train on more")


AnyVocabulary = Vocabulary | Subwords


def build_vocabulary(texts: Sequence[str], level: Level, size: int | None) -> AnyVocabulary:
    """The vocabulary of training texts, `size` tokens at most, special ones counted."""
    if level == "subword":
        return Subwords.build(texts, size)
    return Vocabulary.build((" " if level == "word" else "").join(texts), level, size)


def vocabulary_state(vocabulary: AnyVocabulary) -> dict[str, Any]:
    """What a checkpoint keeps of it: plain builtins."""
    kept = {"vocabulary": [*vocabulary.tokens], "level": vocabulary.level}
    return kept | ({"merges": [*vocabulary.merges]} if isinstance(vocabulary, Subwords) else {})


def restore_vocabulary(kept: dict[str, Any]) -> AnyVocabulary:
    """The vocabulary that a checkpoint kept."""
    if kept["level"] == "subword":
        return Subwords(kept["vocabulary"], kept["merges"])
    return Vocabulary(kept["vocabulary"], kept["level"])


def check_level(level: str) -> None:
    """Raises InputError: no such level."""
    if level not in LEVELS:
        raise InputError(f"data.init_args.level: expected {', '.join(LEVELS[:-1])} or {LEVELS[-1]}, got {level!r}")


class HasVocabulary:
    """What text for language modelling and labelled texts have in common."""

    _vocabulary: AnyVocabulary | None = None

    @property
    def vocabulary(self) -> AnyVocabulary:
        if self._vocabulary is None:
            raise InputError(f"{type(self).__name__}: there is no vocabulary before setup(); call setup() first")
        return self._vocabulary

    def set_vocabulary(self, vocabulary: AnyVocabulary) -> None:
        """Take it, unless a checkpoint has said another.

        Raises:
            InputError: it has.
        """
        if self._vocabulary is not None and self._vocabulary != vocabulary:
            known, here = self._vocabulary.tokens, vocabulary.tokens
            unlike = next((f"; {a!r} there is {b!r} here" for a, b in zip(known, here, strict=False) if a != b), "")
            raise InputError(
                f"checkpoint: its vocabulary ({self._vocabulary.level}s, {len(known)} tokens) is not this text's "
                f"({vocabulary.level}s, {len(here)} tokens{unlike}); use the data and arguments of the saved run"
            )
        self._vocabulary = vocabulary

    def load_vocabulary(self, kept: dict[str, Any]) -> None:
        """The vocabulary of a checkpoint; `adopt` says when it is refused."""
        mine, self._vocabulary = self._vocabulary, restore_vocabulary(kept)
        if mine is not None:
            self.set_vocabulary(mine)
