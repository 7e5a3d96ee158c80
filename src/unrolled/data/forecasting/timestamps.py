"""Whether the times of series are equal steps, and which.  N rows; row 1 is the first after the header."""

import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unrolled.data.files.tables import row_labels
from unrolled.errors import InputError

FORTNIGHT, SATURDAY = 10, 5  # working days; days after Monday
NAMED = "name it with data.init_args.frequency"


def infer(where: str, times: Any) -> str:
    """The frequency of ascending times (N,): what pandas finds if none is missing, else months, or what most are apart.

    Raises:
        InputError: fewer than three times, or some that are no whole steps apart.
    """
    import pandas as pd  # type: ignore[import-untyped]

    if len(times) < 3:
        raise InputError(f"{where}: expected 3 time steps or more to tell their frequency, got {len(times)}; {NAMED}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a later pandas, that it will be an offset
        found = pd.infer_freq(times)
    if found is not None:
        return str(getattr(found, "freqstr", found))
    months = np.diff(times.year * 12 + times.month)
    if (times == times.normalize()).all() and (times.day == 1).all() and (months > 0).all():
        step = int(np.gcd.reduce(months))
        return {1: "MS", 3: "QS", 12: "YS"}.get(step, f"{step}MS")
    apart, many = np.unique(np.diff(times), return_counts=True)
    usual = apart[many.argmax()]
    if (odd := np.diff(times) % usual != np.timedelta64(0)).any():
        pair = f"{times[int(odd.argmax())]} and {times[int(odd.argmax()) + 1]}"
        told = f"steps of {pd.Timedelta(usual)}, as most are, got {pair}"
        raise InputError(f"{where}: unknown frequency: expected {told}; correct them, or {NAMED}")
    days, rest = divmod(pd.Timedelta(usual), pd.Timedelta(1, "D"))
    if rest:
        return str(pd.tseries.frequencies.to_offset(pd.Timedelta(usual)).freqstr)
    working = days == 1 and len(times) > FORTNIGHT and (times.day_of_week < SATURDAY).all()
    return "B" if working else f"{days}D"


Rows = NDArray[np.int64]


class Grid(NamedTuple):
    """Equal steps of time."""

    start: Any  # pandas Timestamp, or the number of the first step
    frequency: str | None  # None where steps are only numbered
    places: Rows  # (N,) the step of each row, from 0
    steps: Any  # (N,) the time of each step, with a row or without

    @property
    def length(self) -> int:
        return len(self.steps)


def parse(path: Path, column: Any) -> Any:
    """The times of a column (N,): whole numbers that count steps, or a pandas index of times; in UTC if they say so.

    Raises:
        InputError: a field that is no time, with its row.
    """
    import pandas as pd

    if not pd.api.types.is_datetime64_any_dtype(column):
        counts = pd.to_numeric(column, errors="coerce")
        if counts.notna().all() and (counts % 1 == 0).all():
            return pd.Index(counts.astype("int64"))
    form = {} if pd.api.types.is_datetime64_any_dtype(column) else {"format": "ISO8601"}
    times = pd.DatetimeIndex(pd.to_datetime(column, errors="coerce", utc=True, **form)).tz_localize(None)
    if times.isna().any():
        row = int(times.isna().argmax())
        told = f"expected a time in column {column.name!r}, as 2026-01-31 13:00, got {str(column.iloc[row])!r}"
        raise InputError(f"{path}: row {row_labels(path, row + 1)}: {told}; correct it")
    return times


def grids(path: Path, times: Any, members: dict[str, Rows], frequency: str | None) -> dict[str, Grid]:
    """The steps of each series; `members` are its rows (from 0) by its name.

    Raises:
        InputError: times that do not ascend, stand twice, or lie between two steps; a frequency that nobody knows.
    """
    for name, rows in members.items():
        check_order(path, name, times[rows], rows + 1)
    if times.dtype.kind == "i":
        return {name: counted(times[rows].to_numpy()) for name, rows in members.items()}
    longest = max(members, key=lambda name: len(members[name]))
    told = frequency or infer(f"{path}: series {longest!r}", times[members[longest]])
    return {name: grid(f"{path}: series {name!r}", times[rows], told) for name, rows in members.items()}


SORTED = "sort the rows, or name data.init_args.series_column"


def check_order(path: Path, name: str, times: Any, rows: Rows) -> None:
    """Refuse times (N,) of the series `name` that do not ascend; `rows` are their numbers in the file."""
    for place in np.flatnonzero(np.asarray(times[1:] <= times[:-1])):
        here, before = times[place + 1], times[place]
        last, first = (row_labels(path, int(row)) for row in (rows[place + 1], rows[place]))
        told = f"times that ascend, got {here} in row {last} after {before} in row {first}; {SORTED}"
        if here == before:
            told = f"each time once, got {here} in rows {first} and {last}; delete one"
        raise InputError(f"{path}: series {name!r}: expected {told}")


def grid(where: str, times: Any, frequency: str) -> Grid:
    """Where each of the ascending times stands in equal steps of `frequency`."""
    import pandas as pd

    try:
        steps = pd.date_range(times[0], times[-1], freq=frequency)
    except ValueError as error:
        told = f"expected a frequency as pandas names it (h, D, W-SUN, MS, QS, YS, 15min), got {frequency!r}"
        raise InputError(f"data.init_args.frequency: {told}") from error
    places = steps.get_indexer(times)
    if (places < 0).any():
        wrong = times[int((places < 0).argmax())]
        told = f"expected steps of frequency {frequency}, got {wrong} between two of them"
        raise InputError(f"{where}: {told}; correct it, or {NAMED}")
    return Grid(times[0], frequency, places, steps)


def counted(times: Rows) -> Grid:
    """Steps that are only numbered."""
    return Grid(int(times[0]), None, times - times[0], np.arange(times[0], times[-1] + 1))


def check_gaps(where: str, found: Grid) -> None:
    """Refuse steps without a row.

    Raises:
        InputError: how many there are, and the first.
    """
    if gaps := found.length - len(found.places):
        first = found.steps[int(np.setdiff1d(np.arange(found.length), found.places)[0])]
        told = f"got {gaps:,} without one, the first at {first}"
        raise InputError(
            f"{where}: expected a row for each time step, {told}; add the rows, or say data.init_args.gaps: fill, and "
            "their numbers are missing"
        )
