"""The user's own series to forecast."""

from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from unrolled.data.files.columns import check_columns, distinct_values, read_frame
from unrolled.data.files.tables import require_filled
from unrolled.data.forecasting.series import Series
from unrolled.data.forecasting.series_data import SeriesData
from unrolled.data.forecasting.table_rows import Rows, columns, series_of
from unrolled.data.forecasting.timestamps import Grid, check_gaps, grids, parse
from unrolled.errors import InputError

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

    @property
    def owner(self) -> str:
        return self.path

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
        kinds = {"target_columns": self.target_columns} | self.covariates
        check_columns(file, table, named | kinds)
        names = self._names(file, table)
        members = {str(name): np.flatnonzero(names == name) for name in dict.fromkeys(names)}
        frequency = self.frequency or (self.series[0].frequency if self.series else None)  # another file is read later
        found = grids(file, parse(file, table[self.time_column]), members, frequency)
        if self.gaps == "refuse":
            for name, grid in found.items():
                check_gaps(f"{file}: series {name!r}", grid)
        self.words = self.words or self._words(table, members, found)
        parts = [columns(file, table, chosen, self.words) for chosen in kinds.values()]
        return [series_of(file, name, rows, found[name], *parts) for name, rows in members.items()]

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
        return {name: distinct_values(table[name].iloc[np.concatenate(train)]) for name in self.category_columns}
