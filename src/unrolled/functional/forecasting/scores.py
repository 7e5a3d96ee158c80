"""Forecast metrics: sums and weights by name, for each step.  B rows, H steps, O targets, Q levels.

    mse, mae    of standardised errors, (x - f) / standard deviation of the training split
    rmse        root of the mean squared raw error
    mase        mean absolute raw error, divided by that of the seasonal naive forecast (Hyndman & Koehler 2006)
    smape       mean of 200 |x - f| / (|x| + |f|), in per cent, 0 if both are 0 (Makridakis, Spiliotis &
                Assimakopoulos 2020, "The M4 competition")
    weighted_quantile_loss   2 / Q times the summed pinball losses of all levels, over the summed |x|
    coverage_80              fraction of values between the 0.1 and the 0.9 quantile

x and f are the raw value and its forecast, location + scale * scaled value.  Targets of nan are skipped; mase also
skips series without a seasonal error.
"""

from collections.abc import Mapping, Sequence

from torch import Tensor

from unrolled.functional.forecasting.distributions.quantiles import pinball

Scores = dict[str, tuple[Tensor, Tensor]]  # by name: sums (H,) and weights to divide them by (H,)
ZERO = 1e-9  # standard deviations: largest rounding error of a 0 that was scaled and scaled back
POINT = ("mse", "mae", "rmse", "mase", "smape")
INTERVAL = ("weighted_quantile_loss", "coverage_80")


def scales(rows: Tensor) -> tuple[Tensor, ...]:
    """Location, scale, deviation and seasonal error, each (B, 1, O), of the `rows` (B, 1 + 4 O) of a ForecastBatch."""
    return rows[:, None, 1:].chunk(4, -1)


def raw(values: Tensor, rows: Tensor) -> Tensor:
    """Scaled values (B, H, O) in raw units."""
    location, scale, _, _ = scales(rows)
    return location + scale * values


def point_scores(forecasts: Tensor, targets: Tensor, rows: Tensor) -> Scores:
    """The metrics `POINT` of scaled forecasts and targets (B, H, O)."""
    _, scale, deviation, season = scales(rows)
    known = ~targets.isnan()
    off = (forecasts - targets).where(known, 0.0)
    errors, standard = off * scale, off * (scale / deviation)
    sizes = raw(forecasts, rows).abs() + raw(targets, rows).abs().where(known, 0.0)
    relative = (200 * errors.abs() / sizes).where(known & ~(sizes <= ZERO * deviation), 0.0)
    seasonal = known & (season > 0)
    relative_to_naive = (errors.abs() / season).where(seasonal, 0.0)
    sums = (standard.square(), standard.abs(), errors.square(), relative_to_naive, relative)
    weights = (known, known, known, seasonal, known)
    return {name: (s.sum((0, 2)), w.sum((0, 2))) for name, s, w in zip(POINT, sums, weights, strict=True)}


def interval_scores(quantiles: Tensor, targets: Tensor, rows: Tensor, levels: Sequence[float]) -> Scores:
    """The metrics `INTERVAL` of scaled quantiles (B, H, O, Q) at `levels`, from 0.1 to 0.9, and targets (B, H, O)."""
    _, scale, _, _ = scales(rows)
    known = ~targets.isnan()
    losses = 2 * scale * pinball(quantiles, targets, levels).mean(-1)
    sizes = raw(targets, rows).abs().where(known, 0.0)
    inside = (targets >= quantiles[..., 0]) & (targets <= quantiles[..., -1])
    pairs = ((losses, sizes), (inside, known))
    return {name: (s.sum((0, 2)), w.sum((0, 2))) for name, (s, w) in zip(INTERVAL, pairs, strict=True)}


def overall_weighted_average(scores: Mapping[str, float], naive2: Mapping[str, float]) -> float:
    """OWA of the M4 competition: the mean of the ratios of sMAPE and MASE to those of Naive2; dimensionless."""
    return sum(scores[name] / naive2[name] for name in ("smape", "mase")) / 2
