"""A table of the user's own: CSV or TSV with a header."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from unrolled.data.text_file import read_text
from unrolled.errors import InputError
from unrolled.nearest import nearest

Row = Mapping[str, str]
TABS = (".tsv", ".tab")  # what the name of a table ends with whose fields are parted by tabs
SHOWN = 8  # row numbers in one line
LONGEST = 2**31 - 1  # characters of a field; csv alone takes 131,072, and a book in a field has more


def is_table(path: Path) -> bool:
    """Whether a file's name says that it is a CSV or TSV table."""
    return path.suffix.lower() in (".csv", *TABS)


def read_table(path: Path) -> list[Row]:
    """The rows by column name; row 1 is the first behind the header.  Tabs part the fields of a .tsv, else commas.

    Raises:
        InputError: no such file, no rows, a column that stands twice, or a row of more or fewer fields.
    """
    separator = "\t" if path.suffix.lower() in TABS else ","
    header, *rows = [fields for _, fields in split_lines(path, delimiter=separator)]
    if twice := [name for name in header if header.count(name) > 1]:
        raise InputError(f"{path}: expected each column once, got {twice[0]!r} twice; rename one")
    if not rows:
        raise InputError(f"{path}: expected rows behind the header {', '.join(header)}, got none; give some")
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise InputError(
                f"{path}: row {number}: expected {len(header)} fields ({', '.join(header)}), got {len(row)}; quote a "
                "field that holds the separator"
            )
    return [dict(zip(header, row, strict=True)) for row in rows]


def split_lines(path: Path, **form: Any) -> Iterator[tuple[int, list[str]]]:
    """The fields of each line that is not empty, and its number; a field in quotes may go over several lines.

    Args:
        path: the file.
        form: of the table, as csv.reader takes it.

    Raises:
        InputError: no such file, or no table.
    """
    csv.field_size_limit(LONGEST)
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True, **form)
    try:
        for fields in reader:
            if fields:
                yield reader.line_num, fields
    except csv.Error as error:
        raise InputError(f"{path}: expected a table, got: {error}; check its quotes") from error


def require_columns(path: Path, row: Row, columns: Mapping[str, str | None]) -> None:
    """Refuse columns that are not there.

    Args:
        columns: of each argument that names a column, the name; null: none is asked for.
    """
    for argument, name in columns.items():
        if name is not None and name not in row:
            near = nearest(name, list(row))
            advice = f"did you mean {near}?" if near else f"set data.init_args.{argument}"
            if len(row) == 1 and ";" in next(iter(row)):
                advice = "part its fields by commas, or by tabs in a .tsv file"
            raise InputError(f"{path}: expected a column {name!r}, got {', '.join(row)}; {advice}")


def require_filled(path: Path, rows: Sequence[Row], column: str) -> None:
    """Refuse rows in which a column holds nothing but blanks."""
    if empty := [str(number) for number, row in enumerate(rows, 1) if not row[column].strip()]:
        more = f" and {len(empty) - SHOWN:,} more" if len(empty) > SHOWN else ""
        raise InputError(
            f"{path}: column {column!r}: expected text in each row, got none in row {', '.join(empty[:SHOWN])}{more}; "
            "fill or delete them"
        )
