"""Forecasts without a network, as baselines.  B windows, C context, H horizon, O targets of a step."""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import torch
from torch import Tensor

from unrolled.data.base import Split
from unrolled.data.forecasting.windows import WindowMaker
from unrolled.functional.forecasting.baselines import Moments, last_season, last_value, linear_forecast
from unrolled.functional.forecasting.imputation import forward
from unrolled.functional.forecasting.scores import point_scores

PENALTIES = (1e-3, 1.0, 1e1, 1e2, 1e3, 1e4)  # of the linear map, on standardised numbers; the best in validation
CHUNK = 2048  # windows at a time


class Origins(NamedTuple):
    """Windows standardised by the mean and deviation of their series' training split, whatever `scaling` is."""

    places: Tensor  # (B, 2): number of the series, and the step at which the context begins
    context: Tensor  # (B, C, O), forward-filled
    ahead: Tensor  # (B, H, O); nan where missing
    rows: Tensor  # (B, 1 + 4 O), as in a ForecastBatch, for this scale


Forecast = Callable[[Origins], Tensor]  # (B, H, O) on the scale of the origins


class Baselines:
    """The last value, the last season, and a linear map fitted on the training windows.

    Args:
        maker: the series.
        places: (N, 2) of each split, its windows: index of the series, first step of the context.
        context: C.
        period: time steps of a season, C at most.
    """

    def __init__(self, maker: WindowMaker, places: Mapping[Split, Tensor], *, context: int, period: int) -> None:
        self.maker, self.places, self.context, self.period = maker, places, context, period

    def forecasts(self) -> dict[str, Forecast]:
        """By name."""
        horizon = self.maker.horizon
        return {
            "naive": lambda window: last_value(window.context, horizon),
            "seasonal naive": lambda window: last_season(window.context, horizon, self.period),
            "linear": lambda window: linear(window.context, self.linear_maps),
        }

    def errors(self, split: Split, forecasts: Mapping[str, Forecast]) -> dict[str, dict[str, Any]]:
        """Errors of forecasts on all windows of a split, by the names of the forecast and of the metric."""
        return forecast_errors(origins(self.maker, self.places[split], self.context), forecasts)

    @cached_property
    def linear_maps(self) -> list[Tensor]:
        """(H, D) for each target."""
        return fit_linear(self.maker, self.places["train"], self.places["valid"], self.context)


def origins(maker: WindowMaker, places: Tensor, context: int) -> Iterator[Origins]:
    """The windows at `places` (N, 2), in chunks."""
    store = maker.store
    for chunk in places.split(CHUNK):
        series, begin = chunk.T
        level, deviation, season = (store.fitted[name][series] for name in ("mean", "deviation", "season_error"))
        steps = (store.first[series] + begin)[:, None] + torch.arange(context + maker.horizon)
        scaled = (store.values[steps] - level[:, None]) / deviation[:, None]
        read, ahead = scaled.tensor_split([context], 1)
        rows = torch.cat([series[:, None], level, deviation, deviation, season], 1)
        yield Origins(chunk, forward(read, store.before(chunk, level, deviation)), ahead, rows)


def fit_linear(maker: WindowMaker, train: Tensor, valid: Tensor, context: int) -> list[Tensor]:
    """A linear map (H, D) for each target, over all series, with the penalty of the least validation error."""
    outputs = maker.store.values.shape[1]
    moments = [Moments(context, maker.horizon) for _ in range(outputs)]
    for chunk in origins(maker, train, context):
        for output, moment in enumerate(moments):
            moment.add(chunk.context[..., output], chunk.ahead[..., output])
    maps = {penalty: [moment.solve(penalty) for moment in moments] for penalty in PENALTIES}
    validation = [*origins(maker, valid, context)]

    def error(weights: list[Tensor]) -> float:
        off = torch.cat([(linear(chunk.context, weights) - chunk.ahead).flatten() for chunk in validation])
        return float(off.square().nanmean())

    return min(maps.values(), key=error)


def linear(context: Tensor, maps: list[Tensor]) -> Tensor:
    """The linear forecast (B, H, O) of each target."""
    return torch.stack([linear_forecast(context[..., output], weights) for output, weights in enumerate(maps)], -1)


def forecast_errors(chunks: Iterator[Origins], forecasts: Mapping[str, Forecast]) -> dict[str, dict[str, Any]]:
    """Errors over all origins, by the names of the forecast and of the metric (`functional.forecasting.scores`).

    `by_horizon` is the mse of each step ahead.
    """
    sums: dict[str, dict[str, Any]] = {name: {} for name in forecasts}
    for chunk in chunks:
        for name, forecast in forecasts.items():
            for metric, score in point_scores(forecast(chunk), chunk.ahead, chunk.rows).items():
                sums[name][metric] = sums[name].get(metric, 0) + torch.stack(score)
    return {name: means(totals) for name, totals in sums.items()}


def means(sums: Mapping[str, Tensor]) -> dict[str, Any]:
    """The means over steps and origins from the sums and weights (2, H) of each metric."""
    errors: dict[str, Any] = {name: float(total.sum() / count.sum()) for name, (total, count) in sums.items()}
    errors["rmse"] **= 0.5
    total, count = sums["mse"]
    return errors | {"by_horizon": (total / count).tolist()}
