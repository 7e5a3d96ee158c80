"""The user's own labelled series."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from unrolled.data.labelled_series import LabelledSeries, Series
from unrolled.data.splits import Split
from unrolled.data.table_file import Row, read_table, require_columns, require_filled
from unrolled.data.text_table import SPLITS
from unrolled.errors import InputError


class SeriesTable(LabelledSeries):
    """A CSV or TSV file (UTF-8, with a header), one time step of one series a row.

    The rows of a series may stand anywhere, their times ascend; its label, split and group are the same in all of them.

    Args:
        path: the file.
        sequence_column: the column that says which series a row belongs to.
        time_column: the column of the time, a number in any unit; it only orders the steps.  null: the rows' own order.
        label_column: the column of the class.
        feature_columns: the columns of the numbers that are read; null: all others.
        split_column: the column that says train, valid or test; null: the series are dealt by the fractions.
        group_column: series of one group, say of one patient, lie in one split; null: each is for itself.
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

    def load(self) -> dict[Split, list[Series]]:
        path = Path(self.path)
        rows = read_table(path)
        told = ("sequence_column", "time_column", "label_column", "split_column", "group_column")
        named = {name: getattr(self, name) for name in told}
        require_columns(path, rows[0], named | {"feature_columns": None})
        features = self.feature_columns or [name for name in rows[0] if name not in named.values()]
        for feature in features:
            require_columns(path, rows[0], {"feature_columns": feature})
        if not features:
            raise InputError(f"{path}: expected a column of numbers beside {', '.join(rows[0])}, got none; give one")
        for column in filter(None, (self.sequence_column, self.label_column)):
            require_filled(path, rows, column)
        series: dict[str, list[int]] = {}
        for place, row in enumerate(rows):
            series.setdefault(row[self.sequence_column].strip(), []).append(place)
        splits: dict[Split, list[Series]] = {"train": []}
        for name, places in series.items():
            split, one = self._series(name, rows, places, features)
            splits.setdefault(split, []).append(one)
        return splits

    def _series(self, name: str, rows: Sequence[Row], places: list[int], features: list[str]) -> tuple[Split, Series]:
        """One series and the split that it is in; without a split column they are all dealt from "train"."""
        told = [self._constant(column, name, rows, places) for column in (self.label_column, self.group_column)]
        self._check_times(name, rows, places)
        numbers = torch.tensor([[self._number(rows, place, column) for column in features] for place in places])
        said = self._constant(self.split_column, name, rows, places).lower()
        if self.split_column is not None and said not in SPLITS:
            expected = f"expected {', '.join(SPLITS)} in column {self.split_column!r}"
            raise InputError(f"{self.path}: row {places[0] + 1}: {expected}, got {said!r}; correct it")
        return SPLITS.get(said, "train"), Series(numbers, *told)

    def _constant(self, column: str | None, name: str, rows: Sequence[Row], places: list[int]) -> str:
        """What a column says of a series, in each of its rows; "" without a column."""
        if column is None:
            return ""
        said = rows[places[0]][column].strip()
        for place in places:
            if (other := rows[place][column].strip()) != said:
                raise InputError(
                    f"{self.path}: row {place + 1}: expected {said!r} in column {column!r}, as in row {places[0] + 1}, "
                    f"got {other!r}; the rows of series {name!r} must agree"
                )
        return said

    def _check_times(self, name: str, rows: Sequence[Row], places: list[int]) -> None:
        if self.time_column is None:
            return
        last = -math.inf
        for place in places:
            if (time := self._number(rows, place, self.time_column)) <= last:
                raise InputError(
                    f"{self.path}: row {place + 1}: expected a time after {last:g} in series {name!r}, got {time:g}; "
                    "sort the rows, and name each time once"
                )
            last = time

    def _number(self, rows: Sequence[Row], place: int, column: str) -> float:
        text = rows[place][column].strip()
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise InputError(
                f"{self.path}: row {place + 1}: expected a number in column {column!r}, got {text!r}; correct or fill "
                "it, or leave the column out with data.init_args.feature_columns"
            )
        return number
