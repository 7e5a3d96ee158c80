"""What is reached without a network from the same origins.  B windows, C context, H horizon, O targets of a step."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from unrolled.data.forecasting.windows import WindowMaker
from unrolled.functional.forecasting.baselines import Moments, linear_forecast
from unrolled.functional.forecasting.imputation import forward
from unrolled.functional.forecasting.scores import point_scores

PENALTIES = (1e-3, 1.0, 1e1, 1e2, 1e3, 1e4)  # of the linear map, on standardised numbers; validation chooses
PIECE = 2048  # windows at a time


class Origins(NamedTuple):
    """Windows in standard deviations of their series' training parts, whatever the model reads."""

    places: Tensor  # (B, 2): number of the series, and the step at which the context begins
    context: Tensor  # (B, C, O), its gaps filled forward
    ahead: Tensor  # (B, H, O); nan where missing
    rows: Tensor  # (B, 1 + 4 O), of a ForecastBatch on this scale


Forecast = Callable[[Origins], Tensor]  # (B, H, O) on the scale of the origins


def origins(maker: WindowMaker, places: Tensor, context: int) -> Iterator[Origins]:
    """The windows at `places` (N, 2), piece by piece."""
    store = maker.store
    for piece in places.split(PIECE):
        series, begin = piece.T
        level, deviation, season = (store.fitted[name][series] for name in ("mean", "deviation", "season_error"))
        steps = (store.first[series] + begin)[:, None] + torch.arange(context + maker.horizon)
        scaled = (store.values[steps] - level[:, None]) / deviation[:, None]
        read, ahead = scaled.tensor_split([context], 1)
        rows = torch.cat([series[:, None], level, deviation, deviation, season], 1)
        yield Origins(piece, forward(read, store.before(piece, level, deviation)), ahead, rows)


def fit_linear(maker: WindowMaker, train: Tensor, valid: Tensor, context: int) -> list[Tensor]:
    """A linear map (H, D) for each target, over all series; of the penalties the one that is best in validation."""
    outputs = maker.store.values.shape[1]
    moments = [Moments(context, maker.horizon) for _ in range(outputs)]
    for one in origins(maker, train, context):
        for o, each in enumerate(moments):
            each.add(one.context[..., o], one.ahead[..., o])
    maps = {penalty: [each.solve(penalty) for each in moments] for penalty in PENALTIES}
    held = [*origins(maker, valid, context)]

    def error(weights: list[Tensor]) -> float:
        off = torch.cat([(linear(one.context, weights) - one.ahead).flatten() for one in held])
        return float(off.square().nanmean())

    return min(maps.values(), key=error)


def linear(context: Tensor, maps: list[Tensor]) -> Tensor:
    """(B, H, O)."""
    return torch.stack([linear_forecast(context[..., o], weights) for o, weights in enumerate(maps)], -1)


def forecast_errors(pieces: Iterator[Origins], forecasts: Mapping[str, Forecast]) -> dict[str, Any]:
    """Of each forecast its errors over all origins, by the name of the measure (`functional.forecast_scores`).

    `by_horizon` is the mse of each step ahead.
    """
    sums: dict[str, dict[str, Any]] = {name: {} for name in forecasts}
    for one in pieces:
        for name, forecast in forecasts.items():
            for measure, step in point_scores(forecast(one), one.ahead, one.rows).items():
                sums[name][measure] = sums[name].get(measure, 0) + torch.stack(step)
    return {name: concluded(gathered) for name, gathered in sums.items()}


def concluded(sums: Mapping[str, Tensor]) -> dict[str, Any]:
    """The means over steps and origins from the sums and weights (2, H) of each measure."""
    means: dict[str, Any] = {name: float(total.sum() / count.sum()) for name, (total, count) in sums.items()}
    means["rmse"] **= 0.5
    total, count = sums["mse"]
    return means | {"by_horizon": (total / count).tolist()}
