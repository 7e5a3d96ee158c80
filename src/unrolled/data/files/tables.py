"""CSV and TSV tables with a header: reading, checking columns, and naming rows in messages.

Row 1 is the first row after the header.  The delimiter is a tab in .tsv and .tab files, else a comma.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from unrolled.data.files.text import decode_utf8, is_blank, read_bytes
from unrolled.errors import InputError
from unrolled.suggestions import nearest

Row = Mapping[str, str]  # fields by column name
TAB_SUFFIXES = (".tsv", ".tab")
MAX_FIELD = 2**31 - 1  # characters of a field; the default of csv is 131,072, less than a book
WORKBOOK_HEADS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # the first bytes of an .xlsx or .ods, and of an .xls
MAX_SHOWN = 8  # row numbers in one message
DELIMITER_ADVICE = "separate the fields with commas, or with tabs in a .tsv file"


def is_table(path: Path) -> bool:
    """Whether the name of a file ends as that of a CSV or TSV table."""
    return path.suffix.lower() in (".csv", *TAB_SUFFIXES)


def delimiter(path: Path) -> str:
    """The character between fields, from the name of the file."""
    return "\t" if path.suffix.lower() in TAB_SUFFIXES else ","


def csv_rows(path: Path, **form: Any) -> Iterator[tuple[int, list[str]]]:
    """The line number and the fields of each row that is not empty; a quoted field may span lines.

    Args:
        path: the file.
        form: arguments of csv.reader.

    Raises:
        InputError: no such file, or not a table.
    """
    data = read_bytes(path)
    if data.startswith(WORKBOOK_HEADS):
        problem = "expected a table as text, got a workbook or another packed file"
        raise InputError(f"{path}: {problem}; save it as CSV, in UTF-8")
    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(io.StringIO(decode_utf8(str(path), data), newline=""), strict=True, **form)
    line = 1
    try:
        for fields in reader:
            if fields:
                yield line, fields
            line = reader.line_num + 1
    except csv.Error as error:
        problem = f"expected a table, got: {error} in the row that begins there"
        raise InputError(f"{path}: line {line}: {problem}; check its quotes") from error


def read_table(path: Path) -> list[Row]:
    """The rows of a table.

    Raises:
        InputError: no such file, no rows, a duplicate column, or a row with more or fewer fields than the header.
    """
    header, *rows = [fields for _, fields in csv_rows(path, delimiter=delimiter(path))]
    if duplicates := [name for name in header if header.count(name) > 1]:
        raise InputError(f"{path}: expected each column once, got {duplicates[0]!r} twice; rename one")
    if not rows:
        raise InputError(f"{path}: expected rows after the header {join_names(header)}, got none; add rows")
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            quote = "quote a field that contains the delimiter"
            advice = quote if len(row) > len(header) else "give it a field for each column, an empty one if need be"
            problem = f"expected {len(header)} fields ({join_names(header)}), got {len(row)}; {advice}"
            raise InputError(f"{path}: row {row_labels(path, number)}: {problem}")
    return [dict(zip(header, row, strict=True)) for row in rows]


def row_labels(path: Path, *numbers: int) -> str:
    """Row numbers for a message, with the line number where empty lines or quoted line ends shift it: `2, 4 (line 9)`.

    The header is assumed to be line 1.  A Parquet file has no lines.
    """
    if path.suffix.lower() == ".parquet":
        return ", ".join(map(str, numbers))
    lines = [line for line, _ in csv_rows(path, delimiter=delimiter(path))]
    return ", ".join(f"{n}" if lines[n] == n + 1 else f"{n} (line {lines[n]})" for n in numbers)


def require_columns(path: Path, row: Row, columns: Mapping[str, str | None]) -> None:
    """Raise InputError for a missing column.

    Args:
        path: the file, for the message.
        row: any row of the table.
        columns: the column that each argument names; None: the argument is not set.
    """
    for argument, name in columns.items():
        if name is not None and name not in row:
            near = nearest(name, list(row))
            advice = f"did you mean {near}?" if near else f"set data.init_args.{argument}"
            problem = f"expected a column {name!r}, got {join_names(row)}"
            raise InputError(f"{path}: {problem}; {DELIMITER_ADVICE if has_wrong_delimiter(path, row) else advice}")


def require_filled(path: Path, rows: Sequence[Row], column: str) -> None:
    """Raise InputError if a column is empty or blank in some rows."""
    if empty := [number for number, row in enumerate(rows, 1) if is_blank(row[column])]:
        more = f" and {len(empty) - MAX_SHOWN:,} more" if len(empty) > MAX_SHOWN else ""
        labels = row_labels(path, *empty[:MAX_SHOWN])
        raise InputError(
            f"{path}: column {column!r}: expected text in each row, got none in row {labels}{more}; fill or delete them"
        )


def has_wrong_delimiter(path: Path, header: Iterable[str]) -> bool:
    """Whether a header of one column contains another delimiter."""
    first, *others = header
    return not others and any(sign in first for sign in ";\t," if sign != delimiter(path))


def join_names(header: Iterable[str]) -> str:
    """Column names for a message, in one line; names with unprintable characters are quoted."""
    return ", ".join(name if name.isprintable() else repr(name) for name in header)
