"""The user's own series to forecast."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from unrolled.data.number_columns import numbers, one_hot, read_frame, require, words
from unrolled.data.one_series import ADVICE, Numbers, Series
from unrolled.data.series import SeriesData
from unrolled.data.table_file import require_filled
from unrolled.data.time_stamps import Grid, check_gaps, grids, parse
from unrolled.errors import InputError

Rows = NDArray[np.int64]
KINDS = ("known_columns", "past_columns", "static_columns")


class ForecastTable(SeriesData):
    """A CSV, TSV or Parquet file with a header, one time step of one series a row.

    The rows of a series may stand anywhere, their times ascend in equal steps.  An empty field of a target or a past
    covariate is a missing number, and so are NA, NaN, null and None.  Parquet needs pyarrow, which has to be
    installed beside the requirements.

    Args:
        path: the file.
        series_column: the column that says which series a row belongs to; null: there is one.
        time_column: the column of the time, as 2026-01-31 or 2026-01-31 13:00, or whole numbers that count the steps.
        target_columns: the columns that are forecast; null: value.
        known_columns: columns that are known of every step beforehand, such as holidays or prices.
        past_columns: columns that are known when they happen, such as the weather.
        static_columns: columns that are the same in all rows of a series.
        category_columns: those among the last three that hold words: each word of the training rows becomes a number,
            1 where it stands and 0 elsewhere.
        frequency: of the steps, as pandas names it (h, D, W-SUN, MS, QS, YS, 15min); null: it is inferred.
        gaps: time steps without a row.  refuse: an error; fill: their numbers are missing.
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
        self.words: dict[str, list[str]] = {}  # of each column of categories, once a file was read

    def check_arguments(self) -> None:
        self.at_least(period=1)
        super().check_arguments()
        if self.gaps not in ("refuse", "fill"):
            raise InputError(f"data.init_args.gaps: expected refuse or fill, got {self.gaps!r}")
        for name in self.category_columns:
            if not any(name in columns for columns in self.covariates.values()):
                told = f"expected columns among {', '.join(KINDS)}, got {name!r}"
                raise InputError(f"data.init_args.category_columns: {told}")

    def load(self) -> list[Series]:
        return self.read(self.path)

    def read(self, path: str) -> list[Series]:
        """The series of a file of these columns; words are those of the training rows of the first one read."""
        file = Path(path)
        table = read_frame(file)
        named = {"time_column": [self.time_column], "series_column": [self.series_column] if self.series_column else []}
        require(file, table, named | {"target_columns": self.target_columns} | self.covariates)
        names = self._names(file, table)
        members = {str(name): np.flatnonzero(names == name) for name in dict.fromkeys(names)}
        frequency = self.frequency or (self.series[0].frequency if self.series else None)  # another file is read later
        found = grids(file, parse(file, table[self.time_column]), members, frequency)
        self.words = self.words or self._words(table, members, found)
        columns = {
            kind: np.hstack([np.empty((len(table), 0)), *(self._column(file, table, name) for name in chosen)])
            for kind, chosen in ({"target_columns": self.target_columns} | self.covariates).items()
        }
        return [self._series(file, name, rows, found[name], columns) for name, rows in members.items()]

    def _names(self, file: Path, table: Any) -> NDArray[np.object_]:
        """(N,): which series each row belongs to."""
        if self.series_column is None:
            return np.full(len(table), ", ".join(self.target_columns), object)
        names: NDArray[np.object_] = table[self.series_column].fillna("").astype(str).str.strip().to_numpy(object)
        require_filled(file, [{self.series_column: name} for name in names], self.series_column)
        return names

    def _words(self, table: Any, members: dict[str, Rows], found: dict[str, Grid]) -> dict[str, list[str]]:
        """Of each column of categories the words in the training rows of all series."""
        train = [rows[found[n].places < self.borders(found[n].length).train] for n, rows in members.items()]
        return {name: words(table[name].iloc[np.concatenate(train)]) for name in self.category_columns}

    def _named(self, kind: str) -> list[str]:
        """Of each number of a row the column that it is from: one of categories has a number for each word."""
        return [name for name in self.covariates[kind] for _ in self.words.get(name, [name])]

    def _column(self, file: Path, table: Any, name: str) -> Numbers:
        """(N, 1), or (N, words)."""
        known = self.words.get(name)
        return numbers(file, table[name], name)[:, None] if known is None else one_hot(table[name], known)

    def _series(self, path: Path, name: str, rows: Rows, found: Grid, columns: dict[str, Numbers]) -> Series:
        where = f"{path}: series {name!r}"
        if self.gaps == "refuse":
            check_gaps(where, found)
        parts = {}
        for kind in ("target_columns", "known_columns", "past_columns"):
            parts[kind] = np.full((found.length, columns[kind].shape[1]), np.nan)
            parts[kind][found.places] = columns[kind][rows]
        static = columns["static_columns"][rows]
        changed = (static != static[0]) & ~(np.isnan(static) & np.isnan(static[0]))
        if changed.any():
            row, place = np.argwhere(changed)[0]
            told = f"the same in all rows of the static column {self._named('static_columns')[place]!r}"
            differ = f"rows {rows[0] + 1} and {rows[row] + 1} differ"
            raise InputError(f"{where}: expected {told}, but {differ}; correct them, or call it a past one")
        if (empty := np.isnan(columns["known_columns"][rows])).any():
            row, place = np.argwhere(empty)[0]
            told = f"expected a number in column {self._named('known_columns')[place]!r}, got none"
            raise InputError(f"{path}: row {rows[row] + 1}: {told}; {ADVICE['known']}")
        targets, known, past = parts.values()
        return Series(name, targets, known, past, static[0], found.start, found.frequency)
