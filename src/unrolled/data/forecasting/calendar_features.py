"""What a time stamp says of its step: places in the day, the week, the year, and in the season.  N time steps."""

from typing import Any, Literal

import numpy as np

from unrolled.data.files.columns import Numbers
from unrolled.data.forecasting.series import Series
from unrolled.errors import InputError
from unrolled.suggestions import expected

Calendar = Literal["minute", "hour", "weekday", "day", "day_of_year", "week", "month", "quarter"]
# How many there are of each, so that the last one lies beside the first.
CYCLES: dict[str, float] = {
    "minute": 60,
    "hour": 24,
    "weekday": 7,
    "day": 31,
    "day_of_year": 365.25,
    "week": 52.18,
    "month": 12,
    "quarter": 4,
}


def circle(places: Numbers) -> Numbers:
    """Places (N,) on a cycle of length 1, as sine and cosine (N, 2)."""
    return np.stack([np.sin(2 * np.pi * places), np.cos(2 * np.pi * places)], 1)


def calendar_features(series: Series, names: list[Calendar]) -> list[Numbers]:
    """Of each name the place of every step on that cycle, (N, 2).

    Raises:
        InputError: an unknown name, or a series whose times are not known.
    """
    if not names:
        return []
    for name in names:
        if name not in CYCLES:
            raise InputError(f"data.init_args.calendar: {expected(name, CYCLES)}")
    if series.frequency is None:
        told = "expected none, for the times of its steps are not known"
        raise InputError(f"data.init_args.calendar: series {series.name!r}: {told}, got {', '.join(names)}")
    import pandas as pd  # type: ignore[import-untyped]

    times = pd.date_range(series.start, periods=len(series.values), freq=series.frequency)
    places: dict[str, Any] = {
        "minute": times.minute,
        "hour": times.hour,
        "weekday": times.day_of_week,
        "day": times.day - 1,
        "day_of_year": times.day_of_year - 1,
        "week": times.isocalendar().week.to_numpy() - 1,
        "month": times.month - 1,
        "quarter": times.quarter - 1,
    }
    return [circle(np.asarray(places[name], np.float64) / CYCLES[name]) for name in names]


def late(series: Series, first: Any) -> int:
    """By how many time steps a series starts after `first`, a time or a number; 0 where the times are not known."""
    if series.start is None or first is None:
        return 0
    if series.frequency is None:
        return int(series.start - first)
    import pandas as pd

    begin, end = min(first, series.start), max(first, series.start)
    steps = len(pd.date_range(begin, end, freq=series.frequency)) - 1
    return -steps if series.start < first else steps


def fourier_features(length: int, harmonics: int, period: int, begin: int) -> list[Numbers]:
    """Sines and cosines (N, 2) of the first harmonics of a season, of steps `begin`, `begin` + 1, ..."""
    steps = begin + np.arange(length)
    return [circle(k * steps / period) for k in range(1, harmonics + 1)]
