"""What is reached without a network from the same origins.  B windows, C context, H horizon, O targets of a step."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from unrolled.data.series_windows import WindowMaker
from unrolled.functional.filling import forward
from unrolled.functional.linear_forecast import Moments, linear_forecast
from unrolled.functional.naive_forecasts import last_season, last_value

PENALTIES = (1e-3, 1.0, 1e1, 1e2, 1e3, 1e4)  # of the linear map, on standardised numbers; validation chooses
PIECE = 2048  # windows at a time


class Origins(NamedTuple):
    """Windows in standard deviations of their series' training parts, whatever the model reads."""

    context: Tensor  # (B, C, O), its gaps filled forward
    ahead: Tensor  # (B, H, O); nan where missing
    deviation: Tensor  # (B, O) raw
    level: Tensor  # (B, O) raw: what 0 stands for
    season_error: Tensor  # (B, O) raw


def origins(maker: WindowMaker, places: Tensor, context: int) -> Iterator[Origins]:
    """The windows at `places` (N, 2), piece by piece."""
    store = maker.store
    for piece in places.split(PIECE):
        series, begin = piece.T
        level, deviation, season = (store.fitted[name][series] for name in ("mean", "deviation", "season_error"))
        steps = (store.first[series] + begin)[:, None] + torch.arange(context + maker.horizon)
        scaled = (store.values[steps] - level[:, None]) / deviation[:, None]
        read, ahead = scaled.tensor_split([context], 1)
        yield Origins(forward(read, store.before(piece, level, deviation)), ahead, deviation, level, season)


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


def forecast_errors(pieces: Iterator[Origins], horizon: int, period: int, maps: list[Tensor]) -> dict[str, Any]:
    """Of each baseline its errors over all origins, by the name of the measure.

    mse, mae      in standard deviations of the training part
    rmse          in raw units
    mase          the mean absolute error over that of the seasonal naive forecast in the training part
    smape         the mean of 200 |x - f| / (|x| + |f|), per cent; 0 where both are 0
    by_horizon    the mse of each step ahead
    """
    sums: dict[str, dict[str, Tensor]] = {}
    for one in pieces:
        told = {
            "naive": last_value(one.context, horizon),
            "seasonal naive": last_season(one.context, horizon, period),
            "linear": linear(one.context, maps),
        }
        for name, forecast in told.items():
            gathered = sums.setdefault(name, {})
            for measure, values in measured(one, forecast).items():
                step = torch.stack([values.nan_to_num().sum((0, 2)), (~values.isnan()).double().sum((0, 2))])
                gathered[measure] = gathered.get(measure, 0) + step
    return {name: concluded(gathered) for name, gathered in sums.items()}


def measured(one: Origins, forecast: Tensor) -> dict[str, Tensor]:
    """Each error by itself (B, H, O), nan where it is not known."""
    off = forecast - one.ahead
    raw, x = off * one.deviation[:, None], one.ahead * one.deviation[:, None] + one.level[:, None]
    both = x.abs() + (x + raw).abs()
    nothing = both <= 1e-9 * one.deviation[:, None]  # 0 for 0, up to what scaling there and back leaves of it
    return {
        "mse": off.square(),
        "mae": off.abs(),
        "rmse": raw.square(),
        "mase": raw.abs() / one.season_error[:, None],
        "smape": (200 * raw.abs() / both).masked_fill(nothing, 0.0),
    }


def concluded(sums: dict[str, Tensor]) -> dict[str, Any]:
    """The means over steps and origins from the sums and counts (2, H) of each measure."""
    means: dict[str, Any] = {name: float(total.sum() / count.sum()) for name, (total, count) in sums.items()}
    means["rmse"] **= 0.5
    total, count = sums["mse"]
    return means | {"by_horizon": (total / count).tolist()}
