"""Rows of a table -> the series that they tell of.

N rows, n of them of one series, row 1 the first after the header; K numbers of a row that are of one kind; T time
steps, with a row or without.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unrolled.data.files.columns import Numbers, one_hot, parse_numbers
from unrolled.data.files.tables import row_labels
from unrolled.data.forecasting.series import ADVICE, Series
from unrolled.data.forecasting.timestamps import Grid
from unrolled.errors import InputError

Rows = NDArray[np.int64]


class Columns(NamedTuple):
    """The columns of one kind, such as targets."""

    names: list[str]  # K: which column each number is from; one of categories has a number for each word
    numbers: Numbers  # (N, K)

    def on(self, grid: Grid, rows: Rows) -> Numbers:
        """(T, K): those of the rows (n,) of one series, each at its time step; nan where there is no row."""
        steps = np.full((grid.length, len(self.names)), np.nan)
        steps[grid.places] = self.numbers[rows]
        return steps


def columns(path: Path, table: Any, chosen: Sequence[str], words: Mapping[str, list[str]]) -> Columns:
    """The `chosen` columns of a table; `words` are those of each column of categories.

    Raises:
        InputError: a field that is no finite number, with its row.
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
    """The series `name` of the `rows` (n,), which are numbered from 0 and stand at the steps of `grid`.

    Raises:
        InputError: a static column that changes, or a row without a number that is said to be known.
    """
    check_static(path, name, static, rows)
    check_known(path, known, rows)
    targets, before, then = (each.on(grid, rows) for each in (values, known, past))
    return Series(name, targets, before, then, static.numbers[rows[0]], grid.start, grid.frequency)


def check_static(path: Path, name: str, static: Columns, rows: Rows) -> None:
    """Refuse numbers that differ between the rows of a series; missing ones agree."""
    found = static.numbers[rows]
    changed = (found != found[0]) & ~(np.isnan(found) & np.isnan(found[0]))
    for row, place in np.argwhere(changed)[:1]:
        told = f"the same in all rows of the static column {static.names[place]!r}"
        differ = f"rows {row_labels(path, int(rows[0]) + 1)} and {row_labels(path, int(rows[row]) + 1)} differ"
        raise InputError(f"{path}: series {name!r}: expected {told}, but {differ}; correct them, or call it a past one")


def check_known(path: Path, known: Columns, rows: Rows) -> None:
    """Refuse rows that lack a number of what is known beforehand."""
    for row, place in np.argwhere(np.isnan(known.numbers[rows]))[:1]:
        told = f"expected a number in column {known.names[place]!r}, got none"
        raise InputError(f"{path}: row {row_labels(path, int(rows[row]) + 1)}: {told}; {ADVICE['known']}")
