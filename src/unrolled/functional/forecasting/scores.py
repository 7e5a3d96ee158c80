"""How good forecasts are: sums and weights by name, for each step.  B rows, H steps, O targets, Q levels.

    mse, mae    of the error on the scale of the training part, (x - f) / its standard deviation
    rmse        root of the mean squared raw error
    mase        mean absolute raw error, in seasonal naive errors of the training part (Hyndman & Koehler 2006)
    smape       mean of 200 |x - f| / (|x| + |f|), in per cent, 0 where both are 0 (Makridakis, Spiliotis &
                Assimakopoulos 2020, "The M4 competition")
    weighted_quantile_loss   2 / Q times the summed pinball losses of all levels, over the summed |x|
    coverage_80              share of the numbers from the 0.1 to the 0.9 quantile

x and f are the raw number and its forecast, location + scale * value.  A target of nan counts in none, in mase neither
one of a series without a seasonal error.
"""

from collections.abc import Mapping, Sequence

from torch import Tensor

from unrolled.functional.forecasting.distributions.quantiles import pinball

Scores = dict[str, tuple[Tensor, Tensor]]  # by name: sums (H,) and what they are divided by (H,)
NOTHING = 1e-9  # standard deviations: what scaling there and back may leave of 0
POINT = ("mse", "mae", "rmse", "mase", "smape")
INTERVAL = ("weighted_quantile_loss", "coverage_80")


def scales(rows: Tensor) -> tuple[Tensor, ...]:
    """Location, scale, deviation and seasonal error, each (B, 1, O), of the `rows` (B, 1 + 4 O) of a ForecastBatch."""
    return rows[:, None, 1:].chunk(4, -1)


def raw(values: Tensor, rows: Tensor) -> Tensor:
    """Scaled numbers (B, H, O) in their own units."""
    location, scale, _, _ = scales(rows)
    return location + scale * values


def point_scores(forecasts: Tensor, targets: Tensor, rows: Tensor) -> Scores:
    """Of forecasts and targets (B, H, O), both scaled."""
    _, scale, deviation, season = scales(rows)
    known = ~targets.isnan()
    off = (forecasts - targets).where(known, 0.0)
    own, standard = off * scale, off * (scale / deviation)
    told, true = raw(forecasts, rows).abs(), raw(targets, rows).abs().where(known, 0.0)
    sizes = told + true
    relative = (200 * own.abs() / sizes).where(known & ~(sizes <= NOTHING * deviation), 0.0)
    seasonal = known & (season > 0)
    errors = (own.abs() / season).where(seasonal, 0.0)
    sums = (standard.square(), standard.abs(), own.square(), errors, relative)
    weights = (known, known, known, seasonal, known)
    return {name: (s.sum((0, 2)), w.sum((0, 2))) for name, s, w in zip(POINT, sums, weights, strict=True)}


def interval_scores(quantiles: Tensor, targets: Tensor, rows: Tensor, levels: Sequence[float]) -> Scores:
    """Of scaled quantiles (B, H, O, Q) at `levels`, 0.1 the first and 0.9 the last, and scaled targets (B, H, O)."""
    _, scale, _, _ = scales(rows)
    known = ~targets.isnan()
    losses = 2 * scale * pinball(quantiles, targets, levels).mean(-1)
    sizes = raw(targets, rows).abs().where(known, 0.0)
    inside = (targets >= quantiles[..., 0]) & (targets <= quantiles[..., -1])
    pairs = ((losses, sizes), (inside, known))
    return {name: (s.sum((0, 2)), w.sum((0, 2))) for name, (s, w) in zip(INTERVAL, pairs, strict=True)}


def overall_weighted_average(scores: Mapping[str, float], naive2: Mapping[str, float]) -> float:
    """OWA of the M4 competition: the mean of the ratios of sMAPE and of MASE to those of Naive2; no unit."""
    return sum(scores[name] / naive2[name] for name in ("smape", "mase")) / 2
