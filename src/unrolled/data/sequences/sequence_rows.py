"""What the rows of a table say of one labelled series.  Rows stand at `places` from 0; row 1 is the first in words."""

import math
from collections.abc import Sequence
from pathlib import Path

from unrolled.data.files.table_lines import rows_in
from unrolled.data.files.tables import Row
from unrolled.data.forecasting.series import LARGEST
from unrolled.errors import InputError

NUMBERED = "number the steps, or set data.init_args.time_column to null where the rows stand in their order"


def constant(path: str, name: str, rows: Sequence[Row], places: Sequence[int], column: str | None) -> str:
    """What a column says of the series `name`, the same in each of its rows; "" without a column.

    Raises:
        InputError: rows that differ.
    """
    if column is None:
        return ""
    said = rows[places[0]][column].strip()
    for place in places:
        if (other := rows[place][column].strip()) != said:
            row, first = (rows_in(Path(path), number + 1) for number in (place, places[0]))
            raise InputError(
                f"{path}: row {row}: expected {said!r} in column {column!r}, as in row {first}, got {other!r}; the "
                f"rows of series {name!r} must agree"
            )
    return said


def check_times(path: str, name: str, rows: Sequence[Row], places: Sequence[int], column: str | None) -> None:
    """Refuse times of the series `name` that do not ascend; without a column the rows stand in order."""
    last = -math.inf
    for place in places if column is not None else ():
        time = _number(rows[place][str(column)])
        if not math.isfinite(time):
            raise InputError(f"{_wrong(path, rows, place, str(column), 'a number')}; {NUMBERED}")
        if time <= last:
            raise InputError(
                f"{path}: row {rows_in(Path(path), place + 1)}: expected a time after {last:g} in series {name!r}, got "
                f"{time:g}; sort the rows, and name each time once"
            )
        last = time


def feature(path: str, rows: Sequence[Row], place: int, column: str) -> float:
    """One field of a row, as a number that a network can read.

    Raises:
        InputError: it is no number, or none that float32 can hold.
    """
    if abs(found := _number(rows[place][column])) <= LARGEST:
        return found
    wanted = "a finite number of float32" if math.isfinite(found) else "a number"
    told = _wrong(path, rows, place, column, wanted)
    raise InputError(f"{told}; correct or fill it, or leave the column out with data.init_args.feature_columns")


def _number(text: str) -> float:
    """A field as a number, nan if it is none; Python's own 1_000 is none."""
    try:
        return math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan


def _wrong(path: str, rows: Sequence[Row], place: int, column: str, wanted: str) -> str:
    row = rows_in(Path(path), place + 1)
    return f"{path}: row {row}: expected {wanted} in column {column!r}, got {rows[place][column].strip()!r}"
