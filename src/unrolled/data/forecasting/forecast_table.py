"""A table of the user's series."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unrolled.data.base import at_least
from unrolled.data.files.columns import Numbers, check_columns, distinct_values, one_hot, parse_numbers, read_frame
from unrolled.data.files.tables import require_filled, row_labels
from unrolled.data.forecasting.series import ADVICE, Series
from unrolled.data.forecasting.series_data import SeriesData
from unrolled.data.forecasting.timestamps import Grid, Rows, check_gaps, grids, parse
from unrolled.errors import InputError

KINDS = ("known_columns", "past_columns", "static_columns")


class ForecastTable(SeriesData):
    """A CSV, TSV or Parquet file with a header; each row is one time step of one series.

    The rows of different series may be mixed; the times of each series ascend in equal steps.  An empty field of a
    target or a past covariate is a missing value, and so are NA, NaN, null and None.  Parquet needs pyarrow, which is
    not among the requirements.

    Args:
        path: the file.
        series_column: the column with the name of the series; null: there is one series.
        time_column: the column with the time, as 2026-01-31 or 2026-01-31 13:00, or integers that number the steps.
        target_columns: the columns to forecast; null: value.
        known_columns: covariates known in advance for every step, such as holidays or prices.
        past_columns: covariates known up to the present, such as the weather.
        static_columns: covariates that are equal in all rows of a series.
        category_columns: categorical columns among the last three, one-hot encoded by the words in training rows.
        frequency: of the steps, as a pandas alias (h, D, W-SUN, MS, QS, YS, 15min); null: inferred.
        gaps: time steps without a row.  refuse: an error; fill: their values are missing.
        period: time steps of a season.
    """

    def __init__(
        self,
        path: str,
        *,
        series_column: str | None = None,
        time_column: str = "time",
        target_columns: list[str] | None = None,
        known_columns: list[str] | None = None,
        past_columns: list[str] | None = None,
        static_columns: list[str] | None = None,
        category_columns: list[str] | None = None,
        frequency: str | None = None,
        gaps: Literal["refuse", "fill"] = "refuse",
        period: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.path, self.series_column, self.time_column = path, series_column, time_column
        self.target_columns = target_columns or ["value"]
        self.covariates = dict(zip(KINDS, (known_columns or [], past_columns or [], static_columns or []), strict=True))
        self.category_columns = category_columns or []
        self.frequency, self.gaps, self.period = frequency, gaps, period
        self.words: dict[str, list[str]] = {}  # the categories of each categorical column, after the first `read`

    @property
    def owner(self) -> str:
        return self.path

    def check_arguments(self) -> None:
        at_least(1, period=self.period)
        super().check_arguments()
        if self.gaps not in ("refuse", "fill"):
            raise InputError(f"data.init_args.gaps: expected refuse or fill, got {self.gaps!r}")
        for name in self.category_columns:
            if not any(name in columns for columns in self.covariates.values()):
                message = f"expected columns among {', '.join(KINDS)}, got {name!r}"
                raise InputError(f"data.init_args.category_columns: {message}; add it to one of them")

    def load(self) -> list[Series]:
        return self.read(self.path)

    def read(self, path: str) -> list[Series]:
        """The series of a file with these columns; categories are taken from the training rows of the first file."""
        file = Path(path)
        table = read_frame(file)
        named = {"time_column": [self.time_column], "series_column": [self.series_column] if self.series_column else []}
        kinds = {"target_columns": self.target_columns} | self.covariates
        check_columns(file, table, named | kinds)
        names = self._names(file, table)
        members = {str(name): np.flatnonzero(names == name) for name in dict.fromkeys(names)}
        frequency = self.frequency or (self.series[0].frequency if self.series else None)  # of a later file
        found = grids(file, parse(file, table[self.time_column]), members, frequency)
        if self.gaps == "refuse":
            for name, grid in found.items():
                check_gaps(f"{file}: series {name!r}", grid)
        self.words = self.words or self._words(table, members, found)
        parts = [columns(file, table, chosen, self.words) for chosen in kinds.values()]
        return [series_of(file, name, rows, found[name], *parts) for name, rows in members.items()]

    def _names(self, file: Path, table: Any) -> NDArray[np.object_]:
        """The name of the series of each row (N,)."""
        if self.series_column is None:
            return np.full(len(table), ", ".join(self.target_columns), object)
        names: NDArray[np.object_] = table[self.series_column].fillna("").astype(str).str.strip().to_numpy(object)
        require_filled(file, [{self.series_column: name} for name in names], self.series_column)
        return names

    def _words(self, table: Any, members: dict[str, Rows], found: dict[str, Grid]) -> dict[str, list[str]]:
        """The categories of each categorical column in the training rows of all series."""
        train = [rows[found[n].places < self.time_split.ends(found[n].length).train] for n, rows in members.items()]
        return {name: distinct_values(table[name].iloc[np.concatenate(train)]) for name in self.category_columns}


class Columns(NamedTuple):
    """The columns of one kind, such as targets, as numbers."""

    names: list[str]  # K: the source column of each number; a categorical column has one for each category
    numbers: Numbers  # (N, K)

    def on(self, grid: Grid, rows: Rows) -> Numbers:
        """The rows (n,) of one series at its time steps (T, K); nan where there is no row."""
        steps = np.full((grid.length, len(self.names)), np.nan)
        steps[grid.places] = self.numbers[rows]
        return steps


def columns(path: Path, table: Any, chosen: Sequence[str], words: Mapping[str, list[str]]) -> Columns:
    """Read the `chosen` columns of a table; `words` are the categories of each categorical column.

    Raises:
        InputError: a field that is not a finite number, with its row.
    """
    parts = {
        name: one_hot(table[name], words[name]) if name in words else parse_numbers(path, table[name], name)[:, None]
        for name in chosen
    }
    names = [name for name, part in parts.items() for _ in range(part.shape[1])]
    return Columns(names, np.hstack([np.empty((len(table), 0)), *parts.values()]))


def series_of(
    path: Path, name: str, rows: Rows, grid: Grid, values: Columns, known: Columns, past: Columns, static: Columns
) -> Series:
    """Build a series from its `rows` (n,), numbered from 0.

    Raises:
        InputError: a static column that changes, or a row without a known covariate.
    """
    check_static(path, name, static, rows)
    check_known(path, known, rows)
    targets, in_advance, up_to_now = (each.on(grid, rows) for each in (values, known, past))
    return Series(name, targets, in_advance, up_to_now, static.numbers[rows[0]], grid.start, grid.frequency)


def check_static(path: Path, name: str, static: Columns, rows: Rows) -> None:
    """Raise InputError if a static column differs between rows of a series; two missing values are equal."""
    found = static.numbers[rows]
    changed = (found != found[0]) & ~(np.isnan(found) & np.isnan(found[0]))
    for row, place in np.argwhere(changed)[:1]:
        wanted = f"equal values in the static column {static.names[place]!r}"
        differ = f"rows {row_labels(path, int(rows[0]) + 1)} and {row_labels(path, int(rows[row]) + 1)} differ"
        raise InputError(f"{path}: series {name!r}: expected {wanted}, but {differ}; correct them, or use past_columns")


def check_known(path: Path, known: Columns, rows: Rows) -> None:
    """Raise InputError if a row lacks a known covariate."""
    for row, place in np.argwhere(np.isnan(known.numbers[rows]))[:1]:
        message = f"expected a number in column {known.names[place]!r}, got none"
        raise InputError(f"{path}: row {row_labels(path, int(rows[row]) + 1)}: {message}; {ADVICE['known']}")
