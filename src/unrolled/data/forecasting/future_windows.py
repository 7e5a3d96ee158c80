"""Windows at the end of each series, to forecast steps after it.  N series, C steps of context, H of the horizon."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from unrolled.data.files.columns import Numbers
from unrolled.data.forecasting.series import Series, part, times
from unrolled.data.forecasting.windows import WindowMaker
from unrolled.errors import InputError
from unrolled.functional.batch import ForecastBatch


class LastWindows(NamedTuple):
    """One window of each series; its context ends at the last observed step."""

    names: list[str]
    batch: ForecastBatch  # N rows of C + H - 1 steps; targets nan; after the origin only known covariates
    times: list[list[str]]  # of each series, the times of the H steps of the horizon
    observed: list[Numbers]  # of each series, its raw context (C, O); nan where missing


def last_windows(
    owner: str,
    series: list[Series],
    trained: list[str] | None,
    make: Callable[[str, list[Series]], WindowMaker],
    context: int,
    horizon: int,
) -> LastWindows:
    """The inputs of a forecast of the `horizon` steps after the last observed one of each series.

    Args:
        owner: the data set, or the user's file.
        series: all series; their known covariates reach to the end of the horizon.
        trained: the names of the series that the model was trained on, the only ones accepted; None: accept any.
        make: `Preprocessor.window_maker`.
        context: C.
        horizon: H.

    Raises:
        InputError: a series that is not in `trained`, is shorter than the context, or lacks known covariates of its
            horizon.
    """
    lasts = [int(np.flatnonzero(~np.isnan(one.values).all(1))[-1]) for one in series]
    for one, last in zip(series, lasts, strict=True):
        where = f"{owner}: series {one.name!r}"
        if trained is not None and one.name not in trained:
            known = ", ".join(trained[:5]) + (f" and {len(trained) - 5:,} more" if len(trained) > 5 else "")
            raise InputError(f"{where}: expected one that the run was trained on ({known}); drop it")
        if last + 1 < context:
            raise InputError(f"{where}: expected {context} time steps to read, got {last + 1}; add rows")
    maker = make(owner, [extended(owner, one, last, horizon) for one, last in zip(series, lasts, strict=True)])
    places = torch.tensor([[number, last + 1 - context] for number, last in enumerate(lasts)])
    batch = maker.cut(places, context + horizon - 1, context)
    unseen = sum(maker.channels[name] for name in ("values", "marks", "since"))
    batch.inputs[:, context:, :unseen] = 0.0
    batch.targets[:] = float("nan")  # no target, not even in the context
    ahead = [times(one, last + 1, last + 1 + horizon) for one, last in zip(series, lasts, strict=True)]
    observed = [one.values[last + 1 - context : last + 1] for one, last in zip(series, lasts, strict=True)]
    return LastWindows([one.name for one in series], batch, ahead, observed)


def extended(owner: str, series: Series, last: int, horizon: int) -> Series:
    """The series up to step `last`, extended by `horizon` steps that have known covariates only."""
    end = last + 1 + horizon
    known = part(series, "known")
    if known.shape[1] and len(known) < end:
        first = times(series, len(known), end)[0]
        message = f"expected the known covariates of the {horizon} time steps to be forecast, got none at {first}"
        raise InputError(f"{owner}: series {series.name!r}: {message}; add a row for it with empty targets")

    def cut(name: str) -> Numbers:
        values = np.full((end, part(series, name).shape[1]), np.nan)
        values[: last + 1] = part(series, name)[: last + 1]
        return values

    covariates = known[:end] if known.shape[1] else np.empty((end, 0))
    return series._replace(values=cut("values"), known=covariates, past=cut("past"))
