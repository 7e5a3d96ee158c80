"""Raw series, as a data set loads them, and their validation.

N time steps, O numbers of a step, K, P and S covariates.
"""

from typing import Any, NamedTuple

import numpy as np

from unrolled.data.files.columns import FLOAT32_MAX, Numbers
from unrolled.errors import InputError


class Series(NamedTuple):
    """Equal steps of time, oldest first."""

    name: str
    values: Numbers  # (N, O) targets; nan where missing
    known: Numbers | None = None  # (N, K) covariates known in advance, such as holidays; never nan
    past: Numbers | None = None  # (N, P) covariates known up to the present; nan where missing
    static: Numbers | None = None  # (S,) covariates that never change
    start: Any = None  # time of the first step: a pandas Timestamp, or an integer
    frequency: str | None = None  # pandas alias of the step: h, D, MS; None if the steps are integers


def times(series: Series, begin: int, end: int) -> list[str]:
    """The times of steps `begin` to `end`, which may lie after the series, as text: ISO 8601, or integers."""
    if series.frequency is None:
        first = 1 if series.start is None else series.start
        return [str(first + step) for step in range(begin, end)]
    import pandas as pd  # type: ignore[import-untyped]

    return [time.isoformat() for time in pd.date_range(series.start, periods=end, freq=series.frequency)[begin:]]


def part(series: Series, name: str) -> Numbers:
    """`values`, `known`, `past` (N, ...) or `static` (S,) of a series as floats; zero columns if it is None."""
    if (found := getattr(series, name)) is None:
        return np.empty(0 if name == "static" else (len(series.values), 0))
    return np.asarray(found, dtype=float)


def check(owner: str, series: list[Series]) -> None:
    """Validate series.

    Raises:
        InputError: no series; a duplicate name; columns that differ from those of the first series; a number outside
            float32; a missing known or static covariate; or no observed value at all.
    """
    if not series:
        raise InputError(f"{owner}: expected a series, got none")
    names = [one.name for one in series]
    if len({*names}) < len(names):
        duplicate = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{owner}: expected each series once, got {duplicate!r} twice; rename one")
    for one in series:
        for name in ("values", "known", "past", "static"):
            numbers, first = part(one, name), part(series[0], name)
            if numbers.shape[-1] != first.shape[-1]:
                widths = f"{numbers.shape[-1]} columns of {name}, but {series[0].name!r} {first.shape[-1]}"
                raise InputError(f"{owner}: series {one.name!r} has {widths}; give all series the same columns")
            wrong = np.isnan(numbers) & (name in ("known", "static")) | (np.abs(numbers) > FLOAT32_MAX)
            if wrong.any():
                place = int(wrong.any(-1).argmax()) if name != "static" else 0
                value = numbers[tuple(np.argwhere(wrong)[0])]
                at = times(one, place, place + 1)[0]
                message = f"{name} of series {one.name!r} at {at}: expected a finite number of float32, got {value:g}"
                raise InputError(f"{owner}: {message}; {ADVICE[name]}")
        if np.isnan(one.values).all():
            raise InputError(f"{owner}: series {one.name!r} has no observed value; drop it")


ADVICE = {
    "values": "correct it, or leave it empty if it is missing",
    "past": "correct it, or leave it empty if it is missing",
    "known": "known covariates need a number at every step, also in the horizon; fill it, or use past_columns",
    "static": "fill it, or drop the column",
}
