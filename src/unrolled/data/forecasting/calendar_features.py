"""Calendar and Fourier features of time steps.  N time steps."""

from typing import Any, Literal

import numpy as np

from unrolled.data.files.columns import Numbers
from unrolled.data.forecasting.series import Series
from unrolled.errors import InputError
from unrolled.suggestions import expected

Calendar = Literal["minute", "hour", "weekday", "day", "day_of_year", "week", "month", "quarter"]
# The length of each cycle.
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


def sine_cosine(phases: Numbers) -> Numbers:
    """Sine and cosine (N, 2) of phases (N,), in cycles."""
    return np.stack([np.sin(2 * np.pi * phases), np.cos(2 * np.pi * phases)], 1)


def calendar_features(series: Series, names: list[Calendar]) -> list[Numbers]:
    """Sine and cosine (N, 2) of each step, for each named cycle.

    Raises:
        InputError: an unknown name, or a series without times.
    """
    if not names:
        return []
    for name in names:
        if name not in CYCLES:
            raise InputError(f"data.init_args.calendar: {expected(name, CYCLES)}")
    if series.frequency is None:
        message = f"expected no calendar features, because its steps have no times, got {', '.join(names)}"
        raise InputError(f"data.init_args.calendar: series {series.name!r}: {message}; leave calendar empty")
    import pandas as pd  # type: ignore[import-untyped]

    times = pd.date_range(series.start, periods=len(series.values), freq=series.frequency)
    phases: dict[str, Any] = {
        "minute": times.minute,
        "hour": times.hour,
        "weekday": times.day_of_week,
        "day": times.day - 1,
        "day_of_year": times.day_of_year - 1,
        "week": times.isocalendar().week.to_numpy() - 1,
        "month": times.month - 1,
        "quarter": times.quarter - 1,
    }
    return [sine_cosine(np.asarray(phases[name], np.float64) / CYCLES[name]) for name in names]


def steps_after(series: Series, first: Any) -> int:
    """Time steps from `first`, a time or an integer, to the start of a series; 0 if either is unknown."""
    if series.start is None or first is None:
        return 0
    if series.frequency is None:
        return int(series.start - first)
    import pandas as pd

    begin, end = min(first, series.start), max(first, series.start)
    steps = len(pd.date_range(begin, end, freq=series.frequency)) - 1
    return -steps if series.start < first else steps


def fourier_features(length: int, harmonics: int, period: int, begin: int) -> list[Numbers]:
    """Sine and cosine (N, 2) of each of the first harmonics of a season, at steps `begin`, `begin` + 1, ..."""
    steps = begin + np.arange(length)
    return [sine_cosine(k * steps / period) for k in range(1, harmonics + 1)]
