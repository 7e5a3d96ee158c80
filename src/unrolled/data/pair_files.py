"""The user's own pairs: two text files, line by line."""

from pathlib import Path
from typing import Any

from unrolled.data.pair_text import Pair, by_source, check_fractions
from unrolled.data.pairs import PairData
from unrolled.data.text import Split
from unrolled.data.text_file import read_text
from unrolled.errors import InputError


class PairFiles(PairData):
    """Two UTF-8 files: line n of one is the translation of line n of the other.

    Which split a pair is in is decided by its source sentence.

    Args:
        source_path: the file that is translated.
        target_path: the file with the translations.
        valid_fraction: about which share of the source sentences is for validation, in (0, 1).
        test_fraction: about which share of them is for the test, in (0, 1).
    """

    def __init__(
        self,
        source_path: str,
        target_path: str,
        *,
        valid_fraction: float = 0.05,
        test_fraction: float = 0.05,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.source_path, self.target_path = source_path, target_path
        self.valid_fraction, self.test_fraction = valid_fraction, test_fraction

    def check_arguments(self) -> None:
        super().check_arguments()
        check_fractions(self.valid_fraction, self.test_fraction)

    def load(self) -> dict[Split, list[Pair]]:
        pairs = aligned(Path(self.source_path), Path(self.target_path))
        return by_source(pairs, self.valid_fraction, self.test_fraction)


def aligned(source: Path, target: Path) -> list[Pair]:
    """The lines of two files side by side.

    Raises:
        InputError: as many lines do not stand in both, or one is empty.
    """
    return pair_up({str(path): read_text(path) for path in (source, target)})


def pair_up(texts: dict[str, str]) -> list[Pair]:
    """The lines of two texts side by side; their names are for messages."""
    lines = {name: text.removesuffix("\n").split("\n") for name, text in texts.items()}
    (first, ours), (second, theirs) = lines.items()
    if len(ours) != len(theirs):
        told = f"expected as many lines in both, got {len(ours)} and {len(theirs)}"
        raise InputError(f"{first}, {second}: {told}; line n of one must translate line n of the other")
    for name, sentences in lines.items():
        if empty := next((n for n, sentence in enumerate(sentences, 1) if not sentence.strip()), None):
            raise InputError(
                f"{name}, line {empty}: expected a sentence, got an empty line; leave the pair out of both"
            )
    return [*zip(ours, theirs, strict=True)]
