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
    """In float64, so that a large level takes nothing from the digits of a small change."""

    first: Tensor  # (N,) where each series begins
    values: Tensor  # (M, O) raw; nan where missing
    last: Tensor  # (M, O) raw: the number that was observed last; in front of the first, the mean of the training part
    since: Tensor  # (M, O): time steps since then; in front of the first, since before the series
    known: Tensor  # (M, K) standardised
    past: Tensor  # (M, P) standardised; the last one where missing
    static: Tensor  # (N, S) standardised
    fitted: dict[str, Tensor]  # of `Fitted`, each (N, O) raw

    @classmethod
    def of(
        cls, series: list[Series], fitted: list[Fitted], scales: dict[str, CovariateScale], features: list[Numbers]
    ) -> Self:
        """Series with what was fitted to each, and to the covariates of all.

        Args:
            series: the series.
            fitted: of each.
            scales: of the covariates known, past and static.
            features: (N_i, F) of each, covariates that are known of any time.
        """
        seen = [observed(one.values, fit.mean) for one, fit in zip(series, fitted, strict=True)]
        known, past = ([scales[name].scaled(part(one, name)) for one in series] for name in ("known", "past"))
        static = [scales["static"].scaled(part(one, "static")[None]) for one in series]
        columns = [
            [one.values for one in series],
            [value for value, _ in seen],
            [steps for _, steps in seen],
            [np.hstack([one, more]) for one, more in zip(known, features, strict=True)],
            past,
        ]
        values, last, since, told, happened = (torch.from_numpy(np.concatenate(parts)) for parts in columns)
        return cls(
            first=torch.tensor([0, *np.cumsum([len(one.values) for one in series])[:-1].tolist()]),
            values=values,
            last=last,
            since=since,
            known=told,
            past=happened,
            static=torch.from_numpy(np.concatenate(static)),
            fitted={n: torch.from_numpy(np.stack([getattr(one, n) for one in fitted])) for n in Fitted._fields},
        )

    def before(self, places: Tensor, location: Tensor, scale: Tensor) -> Before:
        """What was known in front of windows at `places` (B, 2), number of the series and step, on their scale."""
        series, begin = places.T
        place = (self.first[series] + begin - 1).clamp(min=0)
        starts = (begin == 0)[:, None]
        value = torch.where(starts, self.fitted["mean"][series], self.last[place])
        gone = self.since[place].masked_fill(starts, 0)
        return Before((value - location) / scale, gone, gone < begin[:, None])

    def lagged(self, places: Tensor, length: int, lag: int) -> Tensor:
        """Raw numbers (B, length, O) of `lag` time steps before the step after each one of windows at `places`.

        The last observed one where one is missing, and the mean of the training part in front of the series.
        """
        series, begin = places.T
        back = begin[:, None] + torch.arange(1, length + 1) - lag
        found = self.last[self.first[series][:, None] + back.clamp(min=0)]
        return torch.where((back >= 0)[..., None], found, self.fitted["mean"][series][:, None])


class WindowMaker:
    """Cuts windows, fills what is missing in them, scales them, and lays out their channels.

        values O    x_t, on the scale of the inputs
        marks O     1 where x_t was observed, 0 where it is filled in
        since O     time steps since a number was observed, 0 where x_t was
        known K     covariates of step t + 1, the one to be forecast: the series' own, calendar, season, lags
        past P      covariates of step t; 0 after the origin, where nobody knows them
        static S    covariates of the series
        series      its number, if there are several

    The target of step t is x_{t + 1}.  Of what is missing none is asked for; a fill that looks ahead takes the number
    that it looked at from the targets.

    Args:
        store: the series.
        missing: what stands in for a missing number.
        horizon: H.
        numbers: of each series in the store, its number in training.
        series: how many were trained on.
        marks: whether there are marks.
        since: whether there are times since.
        lags: how many time steps back the values that are covariates of a step lie, H at least.
        scaling: on which scale a window is read; see `window_scale`.
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
        """Windows of `length` steps of which `context` lie in front of the origin, in torch's default dtype.

        Args:
            places: (B, 2): the number of the series, and its step at which the window begins.
            length: T.
            context: C.
            hidden: (B, T, O) bool: observed inputs that are read as if they were missing.
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
        fitted_rows = [self.store.fitted[name][series] for name in ("deviation", "season_error")]
        rows = torch.cat([self.numbers[series][:, None], location, scale, *fitted_rows], 1)
        dtype = torch.get_default_dtype()
        fresh = (torch.arange(length) == 0).repeat(len(series), 1)
        return ForecastBatch(torch.cat(parts, -1).to(dtype), targets.to(dtype), fresh, rows.to(dtype))

    def lagged(
        self, places: Tensor, scaled: Tensor, before: Before, location: Tensor, scale: Tensor
    ) -> Iterator[Tensor]:
        """Of each lag (B, T, O): the last number that was read by then; in front of the window, that was observed."""
        seen = forward(scaled, before)
        for lag in self.lags:
            back = torch.arange(1, scaled.shape[1] + 1) - lag
            early = (self.store.lagged(places, scaled.shape[1], lag) - location[:, None]) / scale[:, None]
            yield torch.where((back < 0)[:, None], early, seen[:, back.clamp(min=0)])
