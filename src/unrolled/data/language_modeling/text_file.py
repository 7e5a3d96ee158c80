"""The user's own text."""

import codecs
import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any

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


def require_file(path: Path, argument: str) -> None:
    """Refuse a path that names no file; `argument` is where the user wrote it."""
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no such file"
        names = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        nearest = [name for name in get_close_matches(path.name, names, n=1) if (path.parent / name).is_file()]
        advice = f"did you mean {path.parent / nearest[0]}?" if nearest else f"check {argument}"
        raise InputError(f"{path}: expected a UTF-8 text file, got {found}; {advice}")


def read_bytes(path: Path) -> bytes:
    """The bytes of a file that is not empty."""
    require_file(path, "data.init_args.path")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: expected a readable file, got {error.strerror}; check its permissions") from error
    if not data.removeprefix(codecs.BOM_UTF8).strip():
        raise InputError(f"{path}: expected text, got an empty file ({len(data)} bytes); give a file that has text")
    return data


def read_text(path: Path) -> str:
    """The text of a UTF-8 file, its line ends written as "\\n"."""
    return decoded(str(path), read_bytes(path))


def read_lines(path: Path) -> list[str]:
    """The lines of a UTF-8 file, the empty ones too."""
    return lines_of(read_text(path))


def lines_of(text: str) -> list[str]:
    """A line ends at "\\n" alone, whatever else Unicode calls the end of one."""
    return text.removesuffix("\n").split("\n") if text else []


def decoded(where: str, data: bytes) -> str:
    """UTF-8 as text, its line ends written as "\\n"."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{where}: expected UTF-8, got byte 0x{data[error.start]:02x} at offset {error.start}; convert it to UTF-8"
        ) from error
    return text.removeprefix("\ufeff").replace("\r\n", "\n")
