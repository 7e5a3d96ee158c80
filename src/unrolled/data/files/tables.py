"""A table of the user's own: CSV or TSV with a header."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from unrolled.data.files.text import blank, decoded, read_bytes
from unrolled.errors import InputError
from unrolled.suggestions import nearest

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


Row = Mapping[str, str]
SHOWN = 8  # row numbers in one line
REPARTED = "part its fields by commas, or by tabs in a .tsv file"


def is_table(path: Path) -> bool:
    """Whether a file's name says that it is a CSV or TSV table."""
    return path.suffix.lower() in (".csv", *TABS)


def read_table(path: Path) -> list[Row]:
    """The rows by column name; row 1 is the first behind the header.  Tabs part the fields of a .tsv, else commas.

    Raises:
        InputError: no such file, no rows, a column that stands twice, or a row of more or fewer fields.
    """
    header, *rows = [fields for _, fields in split_lines(path, delimiter=separator(path))]
    if twice := [name for name in header if header.count(name) > 1]:
        raise InputError(f"{path}: expected each column once, got {twice[0]!r} twice; rename one")
    if not rows:
        raise InputError(f"{path}: expected rows behind the header {shown(header)}, got none; give some")
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            many = "quote a field that holds the separator"
            advice = many if len(row) > len(header) else "give it a field for each column, an empty one too"
            told = f"expected {len(header)} fields ({shown(header)}), got {len(row)}; {advice}"
            raise InputError(f"{path}: row {rows_in(path, number)}: {told}")
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
            told = f"expected a column {name!r}, got {shown(row)}"
            raise InputError(f"{path}: {told}; {REPARTED if in_one(path, row) else advice}")


def in_one(path: Path, header: Iterable[str]) -> bool:
    """Whether a header is one name only because another sign parts its fields."""
    first, *others = header
    return not others and any(sign in first for sign in ";\t," if sign != separator(path))


def shown(header: Iterable[str]) -> str:
    """The names in one line, whatever signs are in them."""
    return ", ".join(name if name.isprintable() else repr(name) for name in header)


def require_filled(path: Path, rows: Sequence[Row], column: str) -> None:
    """Refuse rows in which a column holds nothing but blanks."""
    if empty := [number for number, row in enumerate(rows, 1) if blank(row[column])]:
        more = f" and {len(empty) - SHOWN:,} more" if len(empty) > SHOWN else ""
        raise InputError(
            f"{path}: column {column!r}: expected text in each row, got none in row {rows_in(path, *empty[:SHOWN])}"
            f"{more}; fill or delete them"
        )
