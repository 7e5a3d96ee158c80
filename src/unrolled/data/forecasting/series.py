"""One series as a data set loads it, and what it is refused for.

N time steps, O numbers of a step, K, P and S covariates.
"""

from typing import Any, NamedTuple

import numpy as np

from unrolled.data.files.columns import FLOAT32_MAX, Numbers
from unrolled.errors import InputError


class Series(NamedTuple):
    """Equal steps of time, oldest first."""

    name: str
    values: Numbers  # (N, O), what is forecast; nan where missing
    known: Numbers | None = None  # (N, K) covariates that are known beforehand, such as holidays; nan nowhere
    past: Numbers | None = None  # (N, P) covariates that are known when they happen; nan where missing
    static: Numbers | None = None  # (S,) that never change
    start: Any = None  # the time of the first step, a pandas Timestamp, or its number
    frequency: str | None = None  # of the steps, as pandas names it: h, D, MS; None where they are only numbered


def times(series: Series, begin: int, end: int) -> list[str]:
    """Steps `begin` to `end` of a series, also those after it, as text: their times (ISO 8601), or their numbers."""
    if series.frequency is None:
        first = 1 if series.start is None else series.start
        return [str(first + step) for step in range(begin, end)]
    import pandas as pd  # type: ignore[import-untyped]

    return [time.isoformat() for time in pd.date_range(series.start, periods=end, freq=series.frequency)[begin:]]


def part(series: Series, name: str) -> Numbers:
    """Its `values`, `known`, `past` (N, ...) or `static` (S,); no columns where there is none."""
    if (found := getattr(series, name)) is None:
        return np.empty(0 if name == "static" else (len(series.values), 0))
    return np.asarray(found, dtype=float)


def check(owner: str, series: list[Series]) -> None:
    """Refuse series that nothing can be learnt from, in one line.

    Raises:
        InputError: no series; two of one name; one with other columns than the first, with a number that float32 cannot
            hold, with a covariate missing that is said to be known, or without any number.
    """
    if not series:
        raise InputError(f"{owner}: expected a series, got none")
    names = [one.name for one in series]
    if len({*names}) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{owner}: expected each series once, got {twice!r} twice; name them apart")
    for one in series:
        for name in ("values", "known", "past", "static"):
            numbers, first = part(one, name), part(series[0], name)
            if numbers.shape[-1] != first.shape[-1]:
                told = f"{numbers.shape[-1]} columns of {name}, but {series[0].name!r} {first.shape[-1]}"
                raise InputError(f"{owner}: series {one.name!r} has {told}; give each series the same")
            wrong = np.isnan(numbers) & (name in ("known", "static")) | (np.abs(numbers) > FLOAT32_MAX)
            if wrong.any():
                place = int(wrong.any(-1).argmax()) if name != "static" else 0
                value = numbers[tuple(np.argwhere(wrong)[0])]
                at = times(one, place, place + 1)[0]
                told = f"{name} of series {one.name!r} at {at}: expected a finite number of float32, got {value:g}"
                raise InputError(f"{owner}: {told}; {ADVICE[name]}")
        if np.isnan(one.values).all():
            raise InputError(f"{owner}: series {one.name!r} has no number at all; leave it out")


ADVICE = {
    "values": "correct it, or leave it empty if it is missing",
    "past": "correct it, or leave it empty if it is missing",
    "known": "a known covariate is known at every step, those to be forecast too: fill it, or call it a past one",
    "static": "fill it, or leave it out",
}
