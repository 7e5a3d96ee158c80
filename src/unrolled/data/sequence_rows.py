"""What the rows of a table say of one labelled series.  Rows stand at `places` from 0; row 1 is the first in words."""

import math
from collections.abc import Sequence

from unrolled.data.table_file import Row
from unrolled.errors import InputError


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
            raise InputError(
                f"{path}: row {place + 1}: expected {said!r} in column {column!r}, as in row {places[0] + 1}, got "
                f"{other!r}; the rows of series {name!r} must agree"
            )
    return said


def check_times(path: str, name: str, rows: Sequence[Row], places: Sequence[int], column: str | None) -> None:
    """Refuse times of the series `name` that do not ascend; without a column the rows stand in order."""
    last = -math.inf
    for place in places if column is not None else ():
        if (time := number(path, rows, place, str(column))) <= last:
            raise InputError(
                f"{path}: row {place + 1}: expected a time after {last:g} in series {name!r}, got {time:g}; sort the "
                "rows, and name each time once"
            )
        last = time


def number(path: str, rows: Sequence[Row], place: int, column: str) -> float:
    """One field of a row.

    Raises:
        InputError: it is no finite number.
    """
    text = rows[place][column].strip()
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise InputError(
            f"{path}: row {place + 1}: expected a number in column {column!r}, got {text!r}; correct or fill it, or "
            "leave the column out with data.init_args.feature_columns"
        )
    return found
