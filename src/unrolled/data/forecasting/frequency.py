"""Which steps of time the stamps of a series lie on."""

import warnings
from typing import Any

import numpy as np

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
