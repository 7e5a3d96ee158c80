"""Labelled series from a CSV or TSV file."""

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

from unrolled.data.base import Split
from unrolled.data.files.columns import FLOAT32_MAX, check_distinct
from unrolled.data.files.tables import Row, read_table, require_columns, require_filled, row_labels
from unrolled.data.sequences.holdout import UserTable
from unrolled.data.sequences.labelled_series import LabelledSeries, Series
from unrolled.errors import InputError

TIME_ADVICE = "number the steps, or set data.init_args.time_column to null if the rows are in order"


class SeriesTable(UserTable, LabelledSeries):
    """A CSV or TSV file (UTF-8, with a header) in which each row is a time step of a series.

    The rows of different series may be interleaved; within a series, the times must increase.  Label, split and group
    must be the same in all rows of a series.

    Args:
        path: the file.
        sequence_column: the column of the series identifier.
        time_column: the column of the time, a number in any unit, which only orders the steps; null: the order of the
            rows.
        label_column: the column of the class.
        feature_columns: the columns of the input features, which are numbers; null: all other columns.
        split_column: the column with train, valid or test; null: random splits by the fractions.
        group_column: the column of the group, such as the patient; series of a group are in the same split.  null:
            none.
    """

    def __init__(
        self,
        path: str,
        *,
        sequence_column: str = "sequence",
        time_column: str | None = "time",
        label_column: str = "label",
        feature_columns: list[str] | None = None,
        split_column: str | None = None,
        group_column: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.path = path
        self.sequence_column, self.time_column, self.label_column = sequence_column, time_column, label_column
        self.feature_columns, self.split_column, self.group_column = feature_columns, split_column, group_column

    def check_arguments(self) -> None:
        super().check_arguments()
        if self.feature_columns is not None and not self.feature_columns:
            problem = "expected at least one column, or null for all others, got []"
            raise InputError(f"data.init_args.feature_columns: {problem}")
        check_distinct({"label_column": [self.label_column], "feature_columns": self.feature_columns or []})

    def load(self) -> dict[Split, list[Series]]:
        path = Path(self.path)
        rows = read_table(path)
        arguments = ("sequence_column", "time_column", "label_column", "split_column", "group_column")
        named = {name: getattr(self, name) for name in arguments}
        require_columns(path, rows[0], named | {"feature_columns": None})
        features = self.feature_columns or [name for name in rows[0] if name not in named.values()]
        for name in features:
            require_columns(path, rows[0], {"feature_columns": name})
        if not features:
            raise InputError(f"{path}: expected a feature column besides {', '.join(rows[0])}, got none; add one")
        for column in filter(None, (self.sequence_column, self.label_column)):
            require_filled(path, rows, column)
        self.check_splits(rows)
        series: dict[str, list[int]] = {}
        for index, row in enumerate(rows):
            series.setdefault(row[self.sequence_column].strip(), []).append(index)
        splits: dict[Split, list[Series]] = {"train": []}
        for name, indices in series.items():
            constant_field(self.path, name, rows, indices, self.split_column)
            one = self._series(name, rows, indices, features)
            splits.setdefault(self.split_of(rows[indices[0]]), []).append(one)
        return splits

    def _series(self, name: str, rows: Sequence[Row], indices: list[int], features: list[str]) -> Series:
        field = partial(constant_field, self.path, name, rows, indices)
        label, group = field(self.label_column), field(self.group_column)
        check_times(self.path, name, rows, indices, self.time_column)
        numbers = [[parse_feature(self.path, rows, index, column) for column in features] for index in indices]
        return Series(torch.tensor(numbers), label, group, f"series {name!r}")


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
    """A field as a number, nan if it is not one; 1_000 is not, unlike in Python."""
    try:
        return math.nan if "_" in text else float(text)
    except ValueError:
        return math.nan


def _field_error(path: str, rows: Sequence[Row], index: int, column: str, wanted: str) -> str:
    row = row_labels(Path(path), index + 1)
    return f"{path}: row {row}: expected {wanted} in column {column!r}, got {rows[index][column].strip()!r}"
