"""Columns of a table as numbers.  N rows; row 1 is the first after the header."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unrolled.data.files.tables import read_table, require_columns, row_labels
from unrolled.errors import InputError

Numbers = NDArray[np.float64]
FLOAT32_MAX = float(np.finfo(np.float32).max)  # a larger number would be read as inf
MISSING = {"", "na", "nan", "null", "none"}  # in small letters


def read_frame(path: Path) -> Any:
    """The pandas frame of a CSV, TSV or Parquet file; of a text file all fields are text.

    Raises:
        InputError: no such file, no rows, no table; Parquet without pyarrow.
    """
    import pandas as pd  # type: ignore[import-untyped]

    if path.suffix.lower() != ".parquet":
        return pd.DataFrame(read_table(path))
    try:
        table = pd.read_parquet(path)
    except ImportError as error:
        told = "expected pyarrow to read Parquet, which is not installed; pip install pyarrow, or give a CSV"
        raise InputError(f"{path}: {told}") from error
    except (OSError, ValueError) as error:
        told = " ".join(str(error).split())
        raise InputError(f"{path}: expected a Parquet file, got: {told}; check the path") from error
    if not len(table):
        raise InputError(f"{path}: expected rows, got none; give some")
    return table


def check_columns(path: Path, table: Any, named: Mapping[str, Sequence[str]]) -> None:
    """Refuse columns that are not there, or that two arguments name.

    Args:
        named: of each argument the columns that it names.

    Raises:
        InputError: which one, what is there, and the nearest.
    """
    there = {str(name): "" for name in table.columns}
    for argument, columns in named.items():
        for column in columns:
            require_columns(path, there, {argument: column})
    check_distinct(named)


def check_distinct(named: Mapping[str, Sequence[str]]) -> None:
    """Refuse a column that two arguments name, or one of them twice."""
    owners = dict[str, str]()
    for argument, columns in named.items():
        for column in columns:
            if (other := owners.setdefault(column, argument)) != argument or list(columns).count(column) > 1:
                raise InputError(
                    f"data.init_args.{argument}: column {column!r} stands in {other} already; name it once"
                )


def parse_numbers(path: Path, column: Any, name: str) -> Numbers:
    """A column (N,) as numbers, nan where its field is empty or says that it is missing.

    Raises:
        InputError: a field that is no finite number, with its row.
    """
    import pandas as pd

    if column.dtype.kind in "mMc":  # times and complex numbers, which pandas would hand out as some float
        column = column.astype(str)
    found: Numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64)
    absent = column.isna().to_numpy() | column.astype(str).str.strip().str.lower().isin(MISSING).to_numpy()
    if (wrong := ~absent & ~np.isfinite(found)).any():
        row = int(wrong.argmax())
        raise InputError(
            f"{path}: row {row_labels(path, row + 1)}: expected a finite number in column {name!r}, got "
            f"{str(column.iloc[row])!r}; correct it, or leave it empty if it is missing"
        )
    return np.where(absent, np.nan, found)


def distinct_values(column: Any) -> list[str]:
    """The different words of a column, sorted."""
    return sorted({str(word).strip() for word in column})


def one_hot(column: Any, known: list[str]) -> Numbers:
    """A column (N,) of words as numbers (N, words): 1 where a known word stands."""
    return (column.astype(str).str.strip().to_numpy()[:, None] == np.array(known)).astype(np.float64)
