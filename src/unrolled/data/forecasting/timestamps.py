"""Infer the frequency of time stamps and map rows to time steps.  N rows; row 1 is the first after the header."""

import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unrolled.data.files.tables import row_labels
from unrolled.errors import InputError

FORTNIGHT, SATURDAY = 10, 5  # working days; days after Monday
NAMED = "set data.init_args.frequency"


def infer(where: str, times: Any) -> str:
    """The frequency of ascending times (N,): by pandas if no step is missing, else months, or the most common gap.

    Raises:
        InputError: fewer than three times, or gaps that are not multiples of the most common one.
    """
    import pandas as pd  # type: ignore[import-untyped]

    if len(times) < 3:
        raise InputError(f"{where}: expected 3 time steps or more to infer the frequency, got {len(times)}; {NAMED}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pandas announces that it will return an offset
        found = pd.infer_freq(times)
    if found is not None:
        return str(getattr(found, "freqstr", found))
    months = np.diff(times.year * 12 + times.month)
    if (times == times.normalize()).all() and (times.day == 1).all() and (months > 0).all():
        step = int(np.gcd.reduce(months))
        return {1: "MS", 3: "QS", 12: "YS"}.get(step, f"{step}MS")
    gaps, counts = np.unique(np.diff(times), return_counts=True)
    usual = gaps[counts.argmax()]
    if (odd := np.diff(times) % usual != np.timedelta64(0)).any():
        pair = f"{times[int(odd.argmax())]} and {times[int(odd.argmax()) + 1]}"
        steps = f"steps of {pd.Timedelta(usual)}, the most common one, got {pair}"
        raise InputError(f"{where}: unknown frequency: expected {steps}; correct them, or {NAMED}")
    days, rest = divmod(pd.Timedelta(usual), pd.Timedelta(1, "D"))
    if rest:
        return str(pd.tseries.frequencies.to_offset(pd.Timedelta(usual)).freqstr)
    working = days == 1 and len(times) > FORTNIGHT and (times.day_of_week < SATURDAY).all()
    return "B" if working else f"{days}D"


Rows = NDArray[np.int64]


class Grid(NamedTuple):
    """Equal steps of time."""

    start: Any  # time of the first step: a pandas Timestamp, or an integer
    frequency: str | None  # None for integer times
    places: Rows  # (N,) the step of each row, from 0
    steps: Any  # (T,) the time of each step, with or without a row

    @property
    def length(self) -> int:
        return len(self.steps)


def parse(path: Path, column: Any) -> Any:
    """Parse a column (N,) as integers, or as times, converted to UTC if they have a time zone.

    Raises:
        InputError: a field that is not a time, with its row.
    """
    import pandas as pd

    if not pd.api.types.is_datetime64_any_dtype(column):
        counts = pd.to_numeric(column, errors="coerce")
        if counts.notna().all() and (counts % 1 == 0).all():
            return pd.Index(counts.astype("int64"))
    options = {} if pd.api.types.is_datetime64_any_dtype(column) else {"format": "ISO8601"}
    times = pd.DatetimeIndex(pd.to_datetime(column, errors="coerce", utc=True, **options)).tz_localize(None)
    if times.isna().any():
        row = int(times.isna().argmax())
        message = f"expected a time in column {column.name!r}, as 2026-01-31 13:00, got {str(column.iloc[row])!r}"
        raise InputError(f"{path}: row {row_labels(path, row + 1)}: {message}; correct it")
    return times


def grids(path: Path, times: Any, members: dict[str, Rows], frequency: str | None) -> dict[str, Grid]:
    """The time steps of each series; `members` are its rows (from 0) by its name.

    Raises:
        InputError: times out of order, duplicate, or between two steps; an unknown frequency.
    """
    for name, rows in members.items():
        check_order(path, name, times[rows], rows + 1)
    if times.dtype.kind == "i":
        return {name: integer_grid(times[rows].to_numpy()) for name, rows in members.items()}
    longest = max(members, key=lambda name: len(members[name]))
    step = frequency or infer(f"{path}: series {longest!r}", times[members[longest]])
    return {name: grid(f"{path}: series {name!r}", times[rows], step) for name, rows in members.items()}


SORTED = "sort the rows, or set data.init_args.series_column"


def check_order(path: Path, name: str, times: Any, rows: Rows) -> None:
    """Raise InputError unless the times (N,) of a series ascend; `rows` are their row numbers in the file."""
    for place in np.flatnonzero(np.asarray(times[1:] <= times[:-1])):
        here, before = times[place + 1], times[place]
        last, first = (row_labels(path, int(row)) for row in (rows[place + 1], rows[place]))
        problem = f"ascending times, got {here} in row {last} after {before} in row {first}; {SORTED}"
        if here == before:
            problem = f"each time once, got {here} in rows {first} and {last}; delete one"
        raise InputError(f"{path}: series {name!r}: expected {problem}")


def grid(where: str, times: Any, frequency: str) -> Grid:
    """The equal steps of `frequency` from the first to the last of the ascending times."""
    import pandas as pd

    try:
        steps = pd.date_range(times[0], times[-1], freq=frequency)
    except ValueError as error:
        message = f"expected a pandas alias (h, D, W-SUN, MS, QS, YS, 15min), got {frequency!r}; correct it"
        raise InputError(f"data.init_args.frequency: {message}") from error
    places = steps.get_indexer(times)
    if (places < 0).any():
        wrong = times[int((places < 0).argmax())]
        message = f"expected steps of frequency {frequency}, got {wrong} between two of them"
        raise InputError(f"{where}: {message}; correct it, or {NAMED}")
    return Grid(times[0], frequency, places, steps)


def integer_grid(times: Rows) -> Grid:
    """The steps of integer times."""
    return Grid(int(times[0]), None, times - times[0], np.arange(times[0], times[-1] + 1))


def check_gaps(where: str, found: Grid) -> None:
    """Refuse time steps without a row.

    Raises:
        InputError: their number, and the first of them.
    """
    if gaps := found.length - len(found.places):
        first = found.steps[int(np.setdiff1d(np.arange(found.length), found.places)[0])]
        given = f"got {gaps:,} without one, the first at {first}"
        advice = "add the rows, or set data.init_args.gaps: fill to treat their values as missing"
        raise InputError(f"{where}: expected a row for each time step, {given}; {advice}")
