"""The lines of a CSV or TSV file, and in which of them its rows stand."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from unrolled.data.language_modeling.text_file import decoded, read_bytes
from unrolled.errors import InputError

TABS = (".tsv", ".tab")  # what the name of a table ends with whose fields are parted by tabs
LONGEST = 2**31 - 1  # characters of a field; csv alone takes 131,072, and a book in a field has more
WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # the first bytes of an .xlsx or .ods, and of an .xls


def separator(path: Path) -> str:
    """What parts the fields, by the name of the file."""
    return "\t" if path.suffix.lower() in TABS else ","


def split_lines(path: Path, **form: Any) -> Iterator[tuple[int, list[str]]]:
    """The fields of each line that is not empty, and its number; a field in quotes may go over several lines.

    Args:
        path: the file.
        form: of the table, as csv.reader takes it.

    Raises:
        InputError: no such file, or no table.
    """
    data = read_bytes(path)
    if data.startswith(WORKBOOKS):
        told = "expected a table as text, got a workbook, or another packed file"
        raise InputError(f"{path}: {told}; save it as CSV, in UTF-8")
    csv.field_size_limit(LONGEST)
    reader = csv.reader(io.StringIO(decoded(str(path), data), newline=""), strict=True, **form)
    line = 1
    try:
        for fields in reader:
            if fields:
                yield line, fields
            line = reader.line_num + 1
    except csv.Error as error:
        told = f"expected a table, got: {error} in the row that begins there"
        raise InputError(f"{path}: line {line}: {told}; check its quotes") from error


def rows_in(path: Path, *numbers: int) -> str:
    """Rows by their numbers, each with its line where blank lines or line ends in quotes shift it: `2, 4 (line 9)`.

    Row 1 is the first behind the header, which is thought to be line 1; a Parquet file has no lines.
    """
    if path.suffix.lower() == ".parquet":
        return ", ".join(map(str, numbers))
    lines = [line for line, _ in split_lines(path, delimiter=separator(path))]
    return ", ".join(f"{n}" if lines[n] == n + 1 else f"{n} (line {lines[n]})" for n in numbers)
