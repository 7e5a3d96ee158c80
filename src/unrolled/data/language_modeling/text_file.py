"""The user's own text."""

import re
from pathlib import Path
from typing import Any

from unrolled.data.files.text import read_text
from unrolled.data.language_modeling.text_data import TextData
from unrolled.data.splits import Split
from unrolled.errors import InputError


class TextFile(TextData):
    """A UTF-8 file, cut into train | valid | test in the order of the file.

    Args:
        path: the file.
        valid_fraction: share of the characters for validation, in [0, 1).
        test_fraction: share of the characters for the test, from the end of the file, in [0, 1); 0: no test.
    """

    def __init__(self, path: str, *, valid_fraction: float = 0.05, test_fraction: float = 0.05, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.path = path
        self.valid_fraction = valid_fraction
        self.test_fraction = test_fraction

    def check_arguments(self) -> None:
        super().check_arguments()
        for name in ("valid_fraction", "test_fraction"):
            if not 0 <= (value := getattr(self, name)) < 1:
                raise InputError(f"data.init_args.{name}: expected a fraction in [0, 1), got {value}")
        if (both := self.valid_fraction + self.test_fraction) >= 1:
            raise InputError(
                f"data.init_args.valid_fraction + test_fraction: expected less than 1, got {both:g}; nothing is left "
                "to train on"
            )

    def load(self) -> dict[Split, str]:
        text = read_text(Path(self.path))
        valid = self._cut(text, 1 - self.valid_fraction - self.test_fraction)
        test = self._cut(text, 1 - self.test_fraction)
        return {"train": text[:valid], "valid": text[valid:test], "test": text[test:]}

    def _cut(self, text: str, fraction: float) -> int:
        """The character where `fraction` of the text has been read; at word level, the end of that word."""
        place = round(fraction * len(text))
        blank = re.compile(r"\s|\Z").search(text, place) if self.level == "word" else None
        return blank.end() if blank else place
