"""The user's own labelled series."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import torch

from unrolled.data.files.columns import check_distinct
from unrolled.data.files.tables import Row, read_table, require_columns, require_filled
from unrolled.data.sequences.labelled_series import LabelledSeries, Series
from unrolled.data.sequences.user_table import UserTable, check_times, constant_field, parse_feature
from unrolled.data.splits import Split
from unrolled.errors import InputError


class SeriesTable(UserTable, LabelledSeries):
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

    def check_arguments(self) -> None:
        super().check_arguments()
        if self.feature_columns is not None and not self.feature_columns:
            told = "expected a column or more, or null for all others, got []"
            raise InputError(f"data.init_args.feature_columns: {told}")
        check_distinct({"label_column": [self.label_column], "feature_columns": self.feature_columns or []})

    def load(self) -> dict[Split, list[Series]]:
        path = Path(self.path)
        rows = read_table(path)
        told = ("sequence_column", "time_column", "label_column", "split_column", "group_column")
        named = {name: getattr(self, name) for name in told}
        require_columns(path, rows[0], named | {"feature_columns": None})
        features = self.feature_columns or [name for name in rows[0] if name not in named.values()]
        for name in features:
            require_columns(path, rows[0], {"feature_columns": name})
        if not features:
            raise InputError(f"{path}: expected a column of numbers beside {', '.join(rows[0])}, got none; give one")
        for column in filter(None, (self.sequence_column, self.label_column)):
            require_filled(path, rows, column)
        self.check_splits(rows)
        series: dict[str, list[int]] = {}
        for place, row in enumerate(rows):
            series.setdefault(row[self.sequence_column].strip(), []).append(place)
        splits: dict[Split, list[Series]] = {"train": []}
        for name, places in series.items():
            constant_field(self.path, name, rows, places, self.split_column)
            one = self._series(name, rows, places, features)
            splits.setdefault(self.split_of(rows[places[0]]), []).append(one)
        return splits

    def _series(self, name: str, rows: Sequence[Row], places: list[int], features: list[str]) -> Series:
        said = partial(constant_field, self.path, name, rows, places)
        label, group = said(self.label_column), said(self.group_column)
        check_times(self.path, name, rows, places, self.time_column)
        numbers = torch.tensor(
            [[parse_feature(self.path, rows, place, column) for column in features] for place in places]
        )
        return Series(numbers, label, group, f"series {name!r}")
