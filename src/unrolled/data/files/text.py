"""UTF-8 text files, and the words of a text."""

import codecs
import re
from difflib import get_close_matches
from pathlib import Path
from unicodedata import category

from unrolled.errors import InputError

WORD = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")  # a word, such as don't, or one punctuation mark
INVISIBLE = ("Cc", "Cf")  # Unicode categories: control and format characters, such as the zero-width space


def require_file(path: Path, argument: str) -> None:
    """Raise InputError if there is no such file; `argument` is the argument that names it."""
    if not path.is_file():
        found = "a folder" if path.is_dir() else "no such file"
        names = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        nearest = [name for name in get_close_matches(path.name, names, n=1) if (path.parent / name).is_file()]
        advice = f"did you mean {path.parent / nearest[0]}?" if nearest else f"check {argument}"
        raise InputError(f"{path}: expected a UTF-8 text file, got {found}; {advice}")


def read_bytes(path: Path) -> bytes:
    """The bytes of a file.

    Raises:
        InputError: no such file, no permission, or an empty file.
    """
    require_file(path, "data.init_args.path")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: expected a readable file, got {error.strerror}; check its permissions") from error
    if not data.removeprefix(codecs.BOM_UTF8).strip():
        raise InputError(f"{path}: expected text, got an empty file ({len(data)} bytes); give a file that has text")
    return data


def read_text(path: Path) -> str:
    """The text of a UTF-8 file, with "\\n" as the line end."""
    return decode_utf8(str(path), read_bytes(path))


def read_lines(path: Path) -> list[str]:
    """The lines of a UTF-8 file, including empty lines."""
    return lines_of(read_text(path))


def lines_of(text: str) -> list[str]:
    """Split at "\\n" only, not at the other line ends of Unicode."""
    return text.removesuffix("\n").split("\n") if text else []


def decode_utf8(where: str, data: bytes) -> str:
    """Decode UTF-8, with "\\n" as the line end and without a byte order mark; `where` is for the message."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{where}: expected UTF-8, got byte 0x{data[error.start]:02x} at offset {error.start}; convert it to UTF-8"
        ) from error
    return text.removeprefix("\ufeff").replace("\r\n", "\n")


def space_tokens(text: str, lower_case: bool) -> str:
    """The words and punctuation marks of a text, separated by one space; idempotent."""
    return " ".join(WORD.findall(text.lower() if lower_case else text))


def is_blank(text: str) -> bool:
    """Whether a text has no visible character."""
    return all(sign.isspace() or category(sign) in INVISIBLE for sign in text)
