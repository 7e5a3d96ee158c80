"""Vocabulary of a data set: built on its training split, saved in checkpoints, and compared on resume."""

from collections.abc import Mapping, Sequence
from typing import Any

from pytorch_lightning.utilities import rank_zero_warn
from torch import Tensor

from unrolled.data.tokens.subwords import Subwords
from unrolled.data.tokens.vocabulary import LEVELS, Level, Vocabulary
from unrolled.errors import InputError, InputWarning

AnyVocabulary = Vocabulary | Subwords
UNKNOWN = 0  # the id of <unk> in every vocabulary


def check_level(level: str) -> None:
    """Raise InputError for an unknown level."""
    if level not in LEVELS:
        raise InputError(f"data.init_args.level: expected {', '.join(LEVELS[:-1])} or {LEVELS[-1]}, got {level!r}")


def build_vocabulary(texts: Sequence[str], level: Level, size: int | None) -> AnyVocabulary:
    """The vocabulary of the training texts: at most `size` tokens, including the special tokens."""
    if level == "subword":
        return Subwords.build(texts, size)
    return Vocabulary.build((" " if level == "word" else "").join(texts), level, size)


def vocabulary_state(vocabulary: AnyVocabulary) -> dict[str, Any]:
    """The vocabulary as plain builtins, for a checkpoint."""
    state = {"vocabulary": [*vocabulary.tokens], "level": vocabulary.level}
    return state | ({"merges": [*vocabulary.merges]} if isinstance(vocabulary, Subwords) else {})


def restore_vocabulary(state: dict[str, Any]) -> AnyVocabulary:
    """The vocabulary of a checkpoint."""
    if state["level"] == "subword":
        return Subwords(state["vocabulary"], state["merges"])
    return Vocabulary(state["vocabulary"], state["level"])


def warn_unknown(owner: str, texts: str, rows: Sequence[Tensor], advice: str) -> None:
    """Warn of texts without any known token, with their share.

    Args:
        owner: the data set or file of the texts.
        texts: what to call the texts.
        rows: the token ids (T_i,) of each text.
        advice: what to do about it.
    """
    if count := sum(len(row) > 0 and bool((row == UNKNOWN).all()) for row in rows):
        message = f"{count:,} of {len(rows):,} {texts} ({count / len(rows):.1%}) have no known token"
        rank_zero_warn(f"{owner}: {message}; {advice}", category=InputWarning)


def warn_unknown_by_split(owner: str, splits: Mapping[Any, Sequence[Tensor]]) -> None:
    """`warn_unknown` for each split of a data set."""
    for split, rows in splits.items():
        texts = f"texts of the {split} split"
        warn_unknown(owner, texts, rows, "raise data.init_args.vocabulary_size, or train on more")


class HasVocabulary:
    """Mixin of data sets with one vocabulary: text for language modelling, and labelled texts."""

    _vocabulary: AnyVocabulary | None = None

    @property
    def vocabulary(self) -> AnyVocabulary:
        if self._vocabulary is None:
            raise InputError(f"{type(self).__name__}: there is no vocabulary before setup(); call setup() first")
        return self._vocabulary

    def set_vocabulary(self, vocabulary: AnyVocabulary) -> None:
        """Set the vocabulary of the training split.

        Raises:
            InputError: it differs from the vocabulary of the checkpoint that was loaded.
        """
        if self._vocabulary is not None and self._vocabulary != vocabulary:
            expected, given = self._vocabulary.tokens, vocabulary.tokens
            unlike = next((f"; {a!r} there is {b!r} here" for a, b in zip(expected, given, strict=False) if a != b), "")
            raise InputError(
                f"checkpoint: its vocabulary ({self._vocabulary.level}s, {len(expected)} tokens) is not this text's "
                f"({vocabulary.level}s, {len(given)} tokens{unlike}); use the data and arguments of the saved run"
            )
        self._vocabulary = vocabulary

    def load_vocabulary(self, state: dict[str, Any]) -> None:
        """Set the vocabulary of a checkpoint; compare it with the vocabulary of the data, if that is known."""
        of_data, self._vocabulary = self._vocabulary, restore_vocabulary(state)
        if of_data is not None:
            self.set_vocabulary(of_data)
