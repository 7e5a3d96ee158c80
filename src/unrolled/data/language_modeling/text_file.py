"""Language modelling on a text file."""

import re
from pathlib import Path
from typing import Any

from unrolled.data.base import Split, check_fractions
from unrolled.data.files.text import read_text
from unrolled.data.language_modeling.text_data import TextData


class TextFile(TextData):
    """A UTF-8 file, split into train, validation and test in the order of the file.

    Args:
        path: the file.
        valid_fraction: fraction of the characters for validation, in [0, 1).
        test_fraction: fraction of the characters for the test, at the end of the file, in [0, 1); 0: no test.
    """

    def __init__(self, path: str, *, valid_fraction: float = 0.05, test_fraction: float = 0.05, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.path = path
        self.valid_fraction = valid_fraction
        self.test_fraction = test_fraction

    def check_arguments(self) -> None:
        super().check_arguments()
        check_fractions(self.valid_fraction, self.test_fraction)

    def load(self) -> dict[Split, str]:
        text = read_text(Path(self.path))
        valid = self._position(text, 1 - self.valid_fraction - self.test_fraction)
        test = self._position(text, 1 - self.test_fraction)
        return {"train": text[:valid], "valid": text[valid:test], "test": text[test:]}

    def _position(self, text: str, fraction: float) -> int:
        """The index of the character after `fraction` of the text; at word level, after the end of that word."""
        position = round(fraction * len(text))
        space = re.compile(r"\s|\Z").search(text, position) if self.level == "word" else None
        return space.end() if space else position
