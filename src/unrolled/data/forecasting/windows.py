"""Preprocessed series, and the windows that are cut from them.

C context, H horizon, T = C + H - 1 time steps, B windows; M time steps of all N series together, one series after the
other; O numbers of a step, K, P and S covariates.
"""

from collections.abc import Iterator
from typing import NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from unrolled.data.files.columns import Numbers
from unrolled.data.forecasting.missing_values import ForwardFill
from unrolled.data.forecasting.scaling import CovariateScale, Fitted, Scaling, observed, window_scale
from unrolled.data.forecasting.series import Series, part
from unrolled.functional.batch import ForecastBatch
from unrolled.functional.forecasting.imputation import Before, forward, since

COVARIATES = ("known", "past", "static")


class SeriesStore(NamedTuple):
    """All series as tensors, with their statistics.  In float64, to keep small changes of large values exact."""

    first: Tensor  # (N,) row of the first step of each series
    values: Tensor  # (M, O) raw; nan where missing
    last: Tensor  # (M, O) raw: the last observed value; before the first one, the mean of the training split
    since: Tensor  # (M, O): time steps since then; before the first one, since the step before the series
    known: Tensor  # (M, K) standardised
    past: Tensor  # (M, P) standardised, forward-filled
    static: Tensor  # (N, S) standardised
    fitted: dict[str, Tensor]  # the fields of `Fitted`, each (N, O) raw

    @classmethod
    def of(
        cls, series: list[Series], fitted: list[Fitted], scales: dict[str, CovariateScale], features: list[Numbers]
    ) -> Self:
        """Scale covariates, append features, and concatenate all series.

        Args:
            series: the series.
            fitted: statistics of each.
            scales: of the covariates known, past and static.
            features: (N_i, F) of each, further covariates that are known in advance.
        """
        filled = [observed(one.values, fit.mean) for one, fit in zip(series, fitted, strict=True)]
        known, past = ([scales[name].scaled(part(one, name)) for one in series] for name in ("known", "past"))
        static = [scales["static"].scaled(part(one, "static")[None]) for one in series]
        columns = [
            [one.values for one in series],
            [value for value, _ in filled],
            [steps for _, steps in filled],
            [np.hstack(pair) for pair in zip(known, features, strict=True)],
            past,
        ]
        all_values, last, since, all_known, all_past = (torch.from_numpy(np.concatenate(parts)) for parts in columns)
        return cls(
            first=torch.tensor([0, *np.cumsum([len(one.values) for one in series])[:-1].tolist()]),
            values=all_values,
            last=last,
            since=since,
            known=all_known,
            past=all_past,
            static=torch.from_numpy(np.concatenate(static)),
            fitted={n: torch.from_numpy(np.stack([getattr(one, n) for one in fitted])) for n in Fitted._fields},
        )

    def before(self, places: Tensor, location: Tensor, scale: Tensor) -> Before:
        """The last observation before windows at `places` (B, 2), index of the series and step, on their scale."""
        series, begin = places.T
        place = (self.first[series] + begin - 1).clamp(min=0)
        starts = (begin == 0)[:, None]
        value = torch.where(starts, self.fitted["mean"][series], self.last[place])
        steps = self.since[place].masked_fill(starts, 0)
        return Before((value - location) / scale, steps, steps < begin[:, None])

    def lagged(self, places: Tensor, length: int, lag: int) -> Tensor:
        """Raw values (B, length, O) `lag` steps before the target of each step of windows at `places`.

        Forward-filled where missing; the mean of the training split before the series.
        """
        series, begin = places.T
        back = begin[:, None] + torch.arange(1, length + 1) - lag
        found = self.last[self.first[series][:, None] + back.clamp(min=0)]
        return torch.where((back >= 0)[..., None], found, self.fitted["mean"][series][:, None])


class WindowMaker:
    """Cut windows, scale and impute them, and concatenate their channels:

        values O    x_t, scaled and imputed
        marks O     1 where x_t was observed, 0 where it is imputed
        since O     time steps since the last observed value, 0 where x_t was observed
        known K     covariates of step t + 1, the target: those of the series, calendar and Fourier features, lags
        past P      covariates of step t; 0 after the origin, where they are unknown
        static S    covariates of the series
        series      index of the series, if there are several

    The target of step t is x_{t + 1}; nan, and thus no target, where it is missing.  A policy that looks ahead also
    drops the target of each step whose imputed value may depend on it.

    Args:
        store: the series.
        missing: the imputation policy.
        horizon: H.
        numbers: of each series in the store, its index in training.
        series: number of series in training.
        marks: include the channel `marks`.
        since: include the channel `since`.
        lags: of the values x_{t + 1 - lag} to include as covariates, each at least H.
        scaling: see `window_scale`.
    """

    def __init__(
        self,
        store: SeriesStore,
        missing: ForwardFill,
        *,
        horizon: int,
        numbers: list[int],
        series: int,
        marks: bool = False,
        since: bool = False,
        lags: tuple[int, ...] = (),
        scaling: Scaling = "standard",
    ) -> None:
        self.store, self.missing, self.horizon = store, missing, horizon
        self.marks, self.since, self.lags, self.scaling = marks, since, lags, scaling
        self.numbers, outputs = torch.tensor(numbers), store.values.shape[1]
        self.channels = {
            "values": outputs,
            "marks": outputs * marks,
            "since": outputs * since,
            "known": store.known.shape[1] + outputs * len(lags),
            "past": store.past.shape[1],
            "static": store.static.shape[1],
            "series": series * (series > 1),
        }

    def cut(self, places: Tensor, length: int, context: int, hidden: Tensor | None = None) -> ForecastBatch:
        """Windows of `length` steps, `context` of them up to the origin, in torch's default dtype.

        Args:
            places: (B, 2): index of the series, and first step of the window.
            length: T.
            context: C.
            hidden: (B, T, O) bool: observed values to treat as missing inputs.
        """
        series, begin = places.T
        steps = (self.store.first[series] + begin)[:, None] + torch.arange(length + 1)
        raw = self.store.values[steps]
        read = raw[:, :-1] if hidden is None else raw[:, :-1].masked_fill(hidden, float("nan"))
        location, scale = (self.store.fitted[name][series] for name in ("location", "scale"))
        location, scale = window_scale(self.scaling, location, scale, read[:, :context])
        before = self.store.before(places, location, scale)
        scaled = (read - location[:, None]) / scale[:, None]
        fitted = (self.store.fitted["fill"][series] - location) / scale
        parts = [self.missing.fill(scaled, before, fitted, context)]
        parts += [(~read.isnan()).double()] * self.marks + [since(read, before)] * self.since
        parts += [self.store.known[steps[:, 1:]]]
        if self.lags:
            parts += self.lagged(places, scaled, before, location, scale)
        parts += [self.store.past[steps[:, :-1]] * (torch.arange(length) < context)[:, None]]
        parts += [self.store.static[series][:, None].expand(-1, length, -1)]
        if self.channels["series"]:
            parts += [self.numbers[series][:, None, None].expand(-1, length, 1)]
        targets = (raw[:, 1:] - location[:, None]) / scale[:, None]
        if self.missing.looks_ahead:
            ahead = read.isnan() & (torch.arange(length) < context - 1)[:, None]
            targets = targets.masked_fill(ahead, float("nan"))
        statistics = [self.store.fitted[name][series] for name in ("deviation", "season_error")]
        rows = torch.cat([self.numbers[series][:, None], location, scale, *statistics], 1)
        dtype = torch.get_default_dtype()
        resets = (torch.arange(length) == 0).repeat(len(series), 1)
        return ForecastBatch(torch.cat(parts, -1).to(dtype), targets.to(dtype), resets, rows.to(dtype))

    def lagged(
        self, places: Tensor, scaled: Tensor, before: Before, location: Tensor, scale: Tensor
    ) -> Iterator[Tensor]:
        """For each lag, forward-filled values (B, T, O), scaled: of the window, or of the store before it."""
        filled = forward(scaled, before)
        for lag in self.lags:
            back = torch.arange(1, scaled.shape[1] + 1) - lag
            early = (self.store.lagged(places, scaled.shape[1], lag) - location[:, None]) / scale[:, None]
            yield torch.where((back < 0)[:, None], early, filled[:, back.clamp(min=0)])
