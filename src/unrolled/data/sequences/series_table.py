"""Labelled series from a CSV or TSV file."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

from unrolled.data.base import Split
from unrolled.data.files.columns import check_distinct
from unrolled.data.files.tables import Row, read_table, require_columns, require_filled
from unrolled.data.sequences.labelled_series import LabelledSeries, Series
from unrolled.data.sequences.user_table import UserTable, check_times, constant_field, parse_feature
from unrolled.errors import InputError


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
