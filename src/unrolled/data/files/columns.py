"""Columns of pandas tables: reading, checking names, and parsing numbers and categories.  N rows.

Row 1 is the first row after the header.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.data.files.tables import read_table, require_columns, row_labels
from unrolled.errors import InputError

Numbers = NDArray[np.float64]
FLOAT32_MAX = float(np.finfo(np.float32).max)  # larger numbers become inf in float32
MISSING = {"", "na", "nan", "null", "none"}  # fields that mean a missing value, in lower case


def read_frame(path: Path) -> Any:
    """The pandas frame of a CSV, TSV or Parquet file; all fields of CSV and TSV are text.

    Raises:
        InputError: no such file, no rows, not a table, or Parquet without pyarrow.
    """
    import pandas as pd  # type: ignore[import-untyped]

    if path.suffix.lower() != ".parquet":
        return pd.DataFrame(read_table(path))
    try:
        table = pd.read_parquet(path)
    except ImportError as error:
        problem = "expected pyarrow to read Parquet, which is not installed; pip install pyarrow, or give a CSV"
        raise InputError(f"{path}: {problem}") from error
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"{path}: expected a Parquet file, got: {reason}; check the path") from error
    if not len(table):
        raise InputError(f"{path}: expected rows, got none; add rows")
    return table


def check_columns(path: Path, table: Any, named: Mapping[str, Sequence[str]]) -> None:
    """Check the columns that arguments name.

    Args:
        path: the file, for the message.
        table: a pandas frame.
        named: the columns that each argument names.

    Raises:
        InputError: a missing column (the message suggests the nearest), or one that is named twice.
    """
    columns_of_table = {str(name): "" for name in table.columns}
    for argument, columns in named.items():
        for column in columns:
            require_columns(path, columns_of_table, {argument: column})
    check_distinct(named)


def check_distinct(named: Mapping[str, Sequence[str]]) -> None:
    """Raise InputError for a column that is named twice, by two arguments or by one."""
    owners = dict[str, str]()
    for argument, columns in named.items():
        for column in columns:
            if (other := owners.setdefault(column, argument)) != argument or list(columns).count(column) > 1:
                raise InputError(f"data.init_args.{argument}: column {column!r} is already in {other}; name it once")


def parse_numbers(path: Path, column: Any, name: str) -> Numbers:
    """Parse a column (N,) as numbers; nan where the field is empty or marks a missing value (`MISSING`).

    Raises:
        InputError: a field that is not a finite number, with its row.
    """
    import pandas as pd

    if column.dtype.kind in "mMc":  # timestamps and complex numbers, which pandas would convert to float
        column = column.astype(str)
    parsed: Numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64)
    absent = column.isna().to_numpy() | column.astype(str).str.strip().str.lower().isin(MISSING).to_numpy()
    if (wrong := ~absent & ~np.isfinite(parsed)).any():
        row = int(wrong.argmax())
        raise InputError(
            f"{path}: row {row_labels(path, row + 1)}: expected a finite number in column {name!r}, got "
            f"{str(column.iloc[row])!r}; correct it, or leave it empty if it is missing"
        )
    return np.where(absent, np.nan, parsed)


def distinct_values(column: Any) -> list[str]:
    """The sorted distinct values of a column of categories."""
    return sorted({str(value).strip() for value in column})


def one_hot(column: Any, known: list[str]) -> Numbers:
    """One-hot encoding (N, K) of a column (N,) over K known values; 0 everywhere for another value."""
    return (column.astype(str).str.strip().to_numpy()[:, None] == np.array(known)).astype(np.float64)
