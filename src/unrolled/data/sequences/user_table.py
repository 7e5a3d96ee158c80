"""Tables of the user's labelled sequences: the split column, and checks of the rows of a series."""

import math
from collections.abc import Sequence
from pathlib import Path

from unrolled.data.base import Split
from unrolled.data.files.columns import FLOAT32_MAX
from unrolled.data.files.tables import Row, row_labels
from unrolled.errors import InputError

TIME_ADVICE = "number the steps, or set data.init_args.time_column to null if the rows are in order"
SPLIT_NAMES: dict[str, Split] = {
    "train": "train",
    "valid": "valid",
    "validation": "valid",
    "dev": "valid",
    "test": "test",
}


class UserTable:
    """Mixin of tables of texts and of series: the split column, and the names of file and columns in messages."""

    path: str
    label_column: str
    split_column: str | None

    @property
    def owner(self) -> str:
        return self.path

    @property
    def label_source(self) -> str:
        return f"{self.path}: column {self.label_column!r}"

    @property
    def unseen_label_advice(self) -> str:
        if self.split_column is None:
            return "add rows of it, or choose another data.init_args.seed"
        return f"remove it, or move it to train in column {self.split_column!r}"

    def check_splits(self, rows: Sequence[Row]) -> None:
        """Raise InputError for a split column with an unknown value, or without train."""
        if self.split_column is None:
            return
        values = [row[self.split_column].strip().lower() for row in rows]
        for number, value in enumerate(values, 1):
            if value not in SPLIT_NAMES:
                problem = f"expected {', '.join(SPLIT_NAMES)} in column {self.split_column!r}, got {value!r}"
                raise InputError(f"{self.path}: row {row_labels(Path(self.path), number)}: {problem}; correct it")
        if "train" not in values:
            problem = f"expected train in at least one row, got only {', '.join(sorted({*values}))}"
            raise InputError(f"{self.path}: column {self.split_column!r}: {problem}; mark the training rows with train")

    def split_of(self, row: Row) -> Split:
        """The split of a row; "train" without a split column (`HoldoutData` then draws the splits)."""
        return "train" if self.split_column is None else SPLIT_NAMES[row[self.split_column].strip().lower()]


def constant_field(path: str, name: str, rows: Sequence[Row], indices: Sequence[int], column: str | None) -> str:
    """The value of a column that is the same in all rows of the series `name`; "" without a column.

    Raises:
        InputError: the rows differ.
    """
    if column is None:
        return ""
    value = rows[indices[0]][column].strip()
    for index in indices:
        if (other := rows[index][column].strip()) != value:
            row, first = (row_labels(Path(path), number + 1) for number in (index, indices[0]))
            raise InputError(
                f"{path}: row {row}: expected {value!r} in column {column!r}, as in row {first}, got {other!r}; the "
                f"rows of series {name!r} must agree"
            )
    return value


def check_times(path: str, name: str, rows: Sequence[Row], indices: Sequence[int], column: str | None) -> None:
    """Raise InputError unless the times of the series `name` are strictly increasing; no check without a column."""
    last = -math.inf
    for index in indices if column is not None else ():
        time = _parse(rows[index][str(column)])
        if not math.isfinite(time):
            raise InputError(f"{_field_error(path, rows, index, str(column), 'a number')}; {TIME_ADVICE}")
        if time <= last:
            raise InputError(
                f"{path}: row {row_labels(Path(path), index + 1)}: expected a time after {last:g} in series {name!r}, "
                f"got {time:g}; sort the rows, and give each time once"
            )
        last = time


def parse_feature(path: str, rows: Sequence[Row], index: int, column: str) -> float:
    """A field as a number that float32 can represent.

    Raises:
        InputError: not a number, or too large.
    """
    if abs(value := _parse(rows[index][column])) <= FLOAT32_MAX:
        return value
    wanted = "a finite number of float32" if math.isfinite(value) else "a number"
    problem = _field_error(path, rows, index, column, wanted)
    raise InputError(f"{problem}; correct or fill it, or exclude the column with data.init_args.feature_columns")


def _parse(text: str) -> float:
    """A field as a number; nan if it is not one (1_000 is not, unlike in Python)."""
    try:
        return math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan


def _field_error(path: str, rows: Sequence[Row], index: int, column: str, wanted: str) -> str:
    row = row_labels(Path(path), index + 1)
    return f"{path}: row {row}: expected {wanted} in column {column!r}, got {rows[index][column].strip()!r}"
