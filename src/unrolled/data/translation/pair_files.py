"""The user's own pairs: two text files, line by line."""

from pathlib import Path
from typing import Any

from unrolled.data.files.text import is_blank, lines_of, read_text, require_file
from unrolled.data.translation.sentences import Pair
from unrolled.data.translation.user_pairs import UserPairs
from unrolled.errors import InputError


class PairFiles(UserPairs):
    """Two UTF-8 files: line n of one is the translation of line n of the other.

    Args:
        source_path: the file that is translated.
        target_path: the file with the translations.
    """

    def __init__(self, source_path: str, target_path: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source_path, self.target_path = source_path, target_path

    def read(self) -> list[Pair]:
        for name in ("source_path", "target_path"):
            require_file(Path(getattr(self, name)), f"data.init_args.{name}")
        return read_pairs(Path(self.source_path), Path(self.target_path))


def read_pairs(source: Path, target: Path) -> list[Pair]:
    """The lines of two files side by side.

    Raises:
        InputError: as many lines do not stand in both, or one is empty.
    """
    return pair_lines({str(path): read_text(path) for path in (source, target)})


def pair_lines(texts: dict[str, str]) -> list[Pair]:
    """The lines of two texts side by side; their names are for messages."""
    lines = {name: lines_of(text) for name, text in texts.items()}
    (first, ours), (second, theirs) = lines.items()
    if len(ours) != len(theirs):
        told = f"expected as many lines in both, got {len(ours)} and {len(theirs)}"
        raise InputError(f"{first}, {second}: {told}; line n of one must translate line n of the other")
    for name, sentences in lines.items():
        if empty := next((n for n, sentence in enumerate(sentences, 1) if is_blank(sentence)), None):
            raise InputError(
                f"{name}, line {empty}: expected a sentence, got an empty line; leave the pair out of both"
            )
    return [*zip(ours, theirs, strict=True)]
