"""Windows of series -> what a model reads of them.  C context, H horizon, T = C + H - 1 time steps, B windows."""

import torch
from torch import Tensor

from unrolled.data.missing import ForwardFill
from unrolled.data.series_scale import Scaling
from unrolled.data.series_store import SeriesStore
from unrolled.functional.batch import ForecastBatch
from unrolled.functional.filling import last_seen, since

FLOOR = 0.01  # the least deviation of a context, in those of its series' training part: a still context has none


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
        scaling: instance scales each window by the mean and the deviation of its own context (Kim et al. 2022,
            "Reversible instance normalization for accurate time-series forecasting against distribution shift"),
            last_value shifts it by the last number of its context (Zeng, Chen, Zhang & Xu 2023, "Are transformers
            effective for time series forecasting?", NLinear); the others are the same for all windows of a series.
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
        location, scale = self.scale(series, read[:, :context])
        before = self.store.before(places, location, scale)
        scaled = (read - location[:, None]) / scale[:, None]
        fitted = (self.store.fitted["fill"][series] - location) / scale
        parts = [self.missing.fill(scaled, before, fitted, context)]
        parts += [(~read.isnan()).double()] * self.marks + [since(read, before)] * self.since
        parts += [self.store.known[steps[:, 1:]]]
        for lag in self.lags:
            parts += [(self.store.lagged(places, length, lag) - location[:, None]) / scale[:, None]]
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

    def scale(self, series: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """Location and scale (B, O) of windows with the raw `context` (B, C, O)."""
        location, scale = (self.store.fitted[name][series] for name in ("location", "scale"))
        if self.scaling == "last_value":
            last = last_seen(context)[:, -1:]
            return torch.where(last[:, 0] < 0, location, context.gather(1, last.clamp(min=0))[:, 0]), scale
        if self.scaling != "instance":
            return location, scale
        known = ~context.isnan()
        count = known.sum(1).clamp(min=1)
        mean = context.nan_to_num().sum(1) / count
        variance = ((context - mean[:, None]).square() * known).nan_to_num().sum(1) / count
        own = torch.maximum(variance.sqrt(), FLOOR * scale)
        return mean.where(known.any(1), location), own.where(known.any(1), scale)
