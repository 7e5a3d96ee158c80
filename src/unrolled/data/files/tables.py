"""A table of the user's own: CSV or TSV with a header."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from unrolled.data.files.text import decode_utf8, is_blank, read_bytes
from unrolled.errors import InputError
from unrolled.suggestions import nearest

TAB_SUFFIXES = (".tsv", ".tab")  # what the name of a table ends with whose fields are parted by tabs
MAX_FIELD = 2**31 - 1  # characters of a field; csv alone takes 131,072, and a book in a field has more
WORKBOOK_HEADS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # the first bytes of an .xlsx or .ods, and of an .xls


def delimiter(path: Path) -> str:
    """What parts the fields, by the name of the file."""
    return "\t" if path.suffix.lower() in TAB_SUFFIXES else ","


def csv_rows(path: Path, **form: Any) -> Iterator[tuple[int, list[str]]]:
    """The fields of each line that is not empty, and its number; a field in quotes may go over several lines.

    Args:
        path: the file.
        form: of the table, as csv.reader takes it.

    Raises:
        InputError: no such file, or no table.
    """
    data = read_bytes(path)
    if data.startswith(WORKBOOK_HEADS):
        told = "expected a table as text, got a workbook, or another packed file"
        raise InputError(f"{path}: {told}; save it as CSV, in UTF-8")
    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(io.StringIO(decode_utf8(str(path), data), newline=""), strict=True, **form)
    line = 1
    try:
        for fields in reader:
            if fields:
                yield line, fields
            line = reader.line_num + 1
    except csv.Error as error:
        told = f"expected a table, got: {error} in the row that begins there"
        raise InputError(f"{path}: line {line}: {told}; check its quotes") from error


def row_labels(path: Path, *numbers: int) -> str:
    """Rows by their numbers, each with its line where blank lines or line ends in quotes shift it: `2, 4 (line 9)`.

    Row 1 is the first behind the header, which is thought to be line 1; a Parquet file has no lines.
    """
    if path.suffix.lower() == ".parquet":
        return ", ".join(map(str, numbers))
    lines = [line for line, _ in csv_rows(path, delimiter=delimiter(path))]
    return ", ".join(f"{n}" if lines[n] == n + 1 else f"{n} (line {lines[n]})" for n in numbers)


Row = Mapping[str, str]
MAX_SHOWN = 8  # row numbers in one line
DELIMITER_ADVICE = "part its fields by commas, or by tabs in a .tsv file"


def is_table(path: Path) -> bool:
    """Whether a file's name says that it is a CSV or TSV table."""
    return path.suffix.lower() in (".csv", *TAB_SUFFIXES)


def read_table(path: Path) -> list[Row]:
    """The rows by column name; row 1 is the first behind the header.  Tabs part the fields of a .tsv, else commas.

    Raises:
        InputError: no such file, no rows, a column that stands twice, or a row of more or fewer fields.
    """
    header, *rows = [fields for _, fields in csv_rows(path, delimiter=delimiter(path))]
    if twice := [name for name in header if header.count(name) > 1]:
        raise InputError(f"{path}: expected each column once, got {twice[0]!r} twice; rename one")
    if not rows:
        raise InputError(f"{path}: expected rows behind the header {join_names(header)}, got none; give some")
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            many = "quote a field that holds the separator"
            advice = many if len(row) > len(header) else "give it a field for each column, an empty one too"
            told = f"expected {len(header)} fields ({join_names(header)}), got {len(row)}; {advice}"
            raise InputError(f"{path}: row {row_labels(path, number)}: {told}")
    return [dict(zip(header, row, strict=True)) for row in rows]


def require_columns(path: Path, row: Row, columns: Mapping[str, str | None]) -> None:
    """Refuse columns that are not there.

    Args:
        columns: of each argument that names a column, the name; null: none is asked for.
    """
    for argument, name in columns.items():
        if name is not None and name not in row:
            near = nearest(name, list(row))
            advice = f"did you mean {near}?" if near else f"set data.init_args.{argument}"
            told = f"expected a column {name!r}, got {join_names(row)}"
            raise InputError(f"{path}: {told}; {DELIMITER_ADVICE if has_wrong_delimiter(path, row) else advice}")


def has_wrong_delimiter(path: Path, header: Iterable[str]) -> bool:
    """Whether a header is one name only because another sign parts its fields."""
    first, *others = header
    return not others and any(sign in first for sign in ";\t," if sign != delimiter(path))


def join_names(header: Iterable[str]) -> str:
    """The names in one line, whatever signs are in them."""
    return ", ".join(name if name.isprintable() else repr(name) for name in header)


def require_filled(path: Path, rows: Sequence[Row], column: str) -> None:
    """Refuse rows in which a column holds nothing but blanks."""
    if empty := [number for number, row in enumerate(rows, 1) if is_blank(row[column])]:
        more = f" and {len(empty) - MAX_SHOWN:,} more" if len(empty) > MAX_SHOWN else ""
        rows_shown = row_labels(path, *empty[:MAX_SHOWN])
        raise InputError(
            f"{path}: column {column!r}: expected text in each row, got none in row {rows_shown}{more}; fill or delete "
            "them"
        )
