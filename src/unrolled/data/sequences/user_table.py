"""The user's own table of labelled sequences: which split its rows are in, and what messages call it."""

import math
from collections.abc import Sequence
from pathlib import Path

from unrolled.data.files.columns import FLOAT32_MAX
from unrolled.data.files.tables import Row, row_labels
from unrolled.data.splits import Split
from unrolled.errors import InputError

TIME_ADVICE = "number the steps, or set data.init_args.time_column to null where the rows stand in their order"


def constant_field(path: str, name: str, rows: Sequence[Row], places: Sequence[int], column: str | None) -> str:
    """What a column says of the series `name`, the same in each of its rows; "" without a column.

    Raises:
        InputError: rows that differ.
    """
    if column is None:
        return ""
    said = rows[places[0]][column].strip()
    for place in places:
        if (other := rows[place][column].strip()) != said:
            row, first = (row_labels(Path(path), number + 1) for number in (place, places[0]))
            raise InputError(
                f"{path}: row {row}: expected {said!r} in column {column!r}, as in row {first}, got {other!r}; the "
                f"rows of series {name!r} must agree"
            )
    return said


def check_times(path: str, name: str, rows: Sequence[Row], places: Sequence[int], column: str | None) -> None:
    """Refuse times of the series `name` that do not ascend; without a column the rows stand in order."""
    last = -math.inf
    for place in places if column is not None else ():
        time = _parse(rows[place][str(column)])
        if not math.isfinite(time):
            raise InputError(f"{_field_error(path, rows, place, str(column), 'a number')}; {TIME_ADVICE}")
        if time <= last:
            raise InputError(
                f"{path}: row {row_labels(Path(path), place + 1)}: expected a time after {last:g} in series {name!r}, "
                f"got {time:g}; sort the rows, and name each time once"
            )
        last = time


def parse_feature(path: str, rows: Sequence[Row], place: int, column: str) -> float:
    """One field of a row, as a number that a network can read.

    Raises:
        InputError: it is no number, or none that float32 can hold.
    """
    if abs(found := _parse(rows[place][column])) <= FLOAT32_MAX:
        return found
    wanted = "a finite number of float32" if math.isfinite(found) else "a number"
    told = _field_error(path, rows, place, column, wanted)
    raise InputError(f"{told}; correct or fill it, or leave the column out with data.init_args.feature_columns")


def _parse(text: str) -> float:
    """A field as a number, nan if it is none; Python's own 1_000 is none."""
    try:
        return math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan


def _field_error(path: str, rows: Sequence[Row], place: int, column: str, wanted: str) -> str:
    row = row_labels(Path(path), place + 1)
    return f"{path}: row {row}: expected {wanted} in column {column!r}, got {rows[place][column].strip()!r}"


SPLIT_NAMES: dict[str, Split] = {
    "train": "train",
    "valid": "valid",
    "validation": "valid",
    "dev": "valid",
    "test": "test",
}


class UserTable:
    """What the tables of texts and of series have in common."""

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
            return "give more rows of it, or another data.init_args.seed"
        return f"leave it out, or move it to train in column {self.split_column!r}"

    def check_splits(self, rows: Sequence[Row]) -> None:
        """Refuse a split column that says something else, or train nowhere."""
        if self.split_column is None:
            return
        said = [row[self.split_column].strip().lower() for row in rows]
        for number, word in enumerate(said, 1):
            if word not in SPLIT_NAMES:
                told = f"expected {', '.join(SPLIT_NAMES)} in column {self.split_column!r}, got {word!r}"
                raise InputError(f"{self.path}: row {row_labels(Path(self.path), number)}: {told}; correct it")
        if "train" not in said:
            told = f"expected train in a row or more, got only {', '.join(sorted({*said}))}"
            raise InputError(f"{self.path}: column {self.split_column!r}: {told}; say train in those to learn from")

    def split_of(self, row: Row) -> Split:
        """Without a split column they are all dealt from "train"."""
        return "train" if self.split_column is None else SPLIT_NAMES[row[self.split_column].strip().lower()]
