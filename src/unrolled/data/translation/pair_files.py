"""Sentence pairs from two text files, aligned by line."""

from pathlib import Path
from typing import Any

from unrolled.data.files.text import is_blank, lines_of, read_text, require_file
from unrolled.data.translation.sentences import Pair
from unrolled.data.translation.user_pairs import UserPairs
from unrolled.errors import InputError


class PairFiles(UserPairs):
    """Two UTF-8 files; line n of one is the translation of line n of the other.

    Args:
        source_path: the file of the source sentences.
        target_path: the file of the translations.
    """

    def __init__(self, source_path: str, target_path: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source_path, self.target_path = source_path, target_path

    def read(self) -> list[Pair]:
        for name in ("source_path", "target_path"):
            require_file(Path(getattr(self, name)), f"data.init_args.{name}")
        return pair_lines({path: read_text(Path(path)) for path in (self.source_path, self.target_path)})


def pair_lines(texts: dict[str, str]) -> list[Pair]:
    """The paired lines of two texts, by the names that messages call them.

    Raises:
        InputError: different numbers of lines, or an empty line.
    """
    lines = {name: lines_of(text) for name, text in texts.items()}
    (first, sources), (second, targets) = lines.items()
    if len(sources) != len(targets):
        problem = f"expected as many lines in both, got {len(sources)} and {len(targets)}"
        raise InputError(f"{first}, {second}: {problem}; line n of one must translate line n of the other")
    for name, sentences in lines.items():
        if empty := next((n for n, sentence in enumerate(sentences, 1) if is_blank(sentence)), None):
            raise InputError(f"{name}, line {empty}: expected a sentence, got an empty line; remove the pair from both")
    return [*zip(sources, targets, strict=True)]
