"""Forecast metrics.  B batch, H horizon, O targets, Q levels."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchmetrics import Metric

from unrolled.functional.forecasting.distributions import LEVELS
from unrolled.functional.forecasting.scores import (
    INTERVAL,
    POINT,
    Scores,
    interval_scores,
    overall_weighted_average,
    point_scores,
    raw,
)
from unrolled.tasks.step.telemetry import WIDE

ROOTS = ("rmse",)  # metrics that are the root of a mean


class ForecastErrors(Metric):
    """Summed scores of each step over all batches and processes.

    Args:
        names: of the scores, N.
        horizon: H, time steps.
    """

    full_state_update = False
    sums: Tensor  # (N, H)
    weights: Tensor  # (N, H): the divisors

    def __init__(self, names: Sequence[str], horizon: int) -> None:
        super().__init__()
        self.names = names
        for name in ("sums", "weights"):
            self.add_state(name, torch.zeros(len(names), horizon, dtype=WIDE), dist_reduce_fx="sum")

    def update(self, scores: Scores) -> None:
        """Add the scores of one batch: for each name its sums and weights, each (H,)."""
        self.sums = self.sums + torch.stack([scores[name][0] for name in self.names])
        self.weights = self.weights + torch.stack([scores[name][1] for name in self.names])

    def compute(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """By name: the means over the full horizon, and of each step (H,)."""
        means = (self.sums.sum(1) / self.weights.sum(1), self.sums / self.weights)
        overall, steps = (dict(zip(self.names, values, strict=True)) for values in means)
        for found in (overall, steps):
            found.update({name: found[name].sqrt() for name in ROOTS if name in found})
        return overall, steps


class ForecastMetrics(nn.Module):
    """The scores of the val and test splits, and one example forecast.

    Args:
        horizon: H, time steps.
        free: whether a forecast is a free run, reported with the teacher-forced one: `free_running_mse`,
            `free_running_mae`, `teacher_forced_mse`.
        intervals: the stages in which quantiles are scored as well.
    """

    def __init__(self, horizon: int, *, free: bool, intervals: tuple[str, ...]) -> None:
        super().__init__()
        self.horizon, self.intervals = horizon, intervals
        self.named = {name: f"free_running_{name}" for name in POINT[:2]} if free else {}
        names = [self.named.get(name, name) for name in POINT] + ["teacher_forced_mse"] * free
        kinds = {stage: [*names, *INTERVAL] if stage in intervals else names for stage in ("val", "test")}
        self.errors = nn.ModuleDict({stage: ForecastErrors(kind, horizon) for stage, kind in kinds.items()})
        self.overall: dict[str, float] = {}  # of the last evaluation, by name
        self.by_horizon: dict[str, Tensor] = {}  # (H,)
        self.example: dict[str, Any] = {}

    def metric(self, stage: str) -> ForecastErrors:
        metric = self.errors[stage]
        assert isinstance(metric, ForecastErrors)
        return metric

    def update(
        self,
        stage: str,
        forecasts: tuple[Tensor, Tensor | None],
        targets: Tensor,
        rows: Tensor,
        forced: Tensor | None = None,
    ) -> None:
        """Add one batch: forecasts (B, H, O) and quantiles (B, H, O, Q), and the targets, all scaled.

        `rows` (B, 1 + 4 O) are those of a ForecastBatch; `forced` (B, H, O) is the teacher-forced run.
        """
        forecast, quantiles = forecasts
        forecast, rows = forecast.to(WIDE), rows.to(WIDE)
        scores = {self.named.get(name, name): found for name, found in point_scores(forecast, targets, rows).items()}
        if forced is not None:
            scores["teacher_forced_mse"] = point_scores(forced.to(WIDE), targets, rows)["mse"]
        if quantiles is not None:
            scores |= interval_scores(quantiles.to(WIDE), targets, rows, LEVELS)
        if self.metric(stage).update_count == 0:
            shown = {"truth": targets, "forecast": forecast}
            if quantiles is not None:
                shown |= {"lower": quantiles[..., 0], "upper": quantiles[..., -1]}
            self.example = {name: numbers(raw(part[:1].to(WIDE), rows[:1])[0, :, 0]) for name, part in shown.items()}
            self.example["series"] = int(rows[0, 0])
        self.metric(stage).update(scores)

    def conclude(self, stage: str) -> dict[str, Tensor]:
        """The scores over the full horizon as `stage`/name; resets them."""
        metric = self.metric(stage)
        overall, self.by_horizon = metric.compute()
        metric.reset()
        if "teacher_forced_mse" in overall:
            overall["exposure_gap"] = overall["free_running_mse"] - overall["teacher_forced_mse"]
        self.overall = {name: float(value) for name, value in overall.items()}
        return {f"{stage}/{name}": value for name, value in overall.items()}

    def findings(self, data: Any, split: str) -> dict[str, Any]:
        """The entries of results.json besides the metrics, of the last evaluation.

        `by_horizon`: for each step ahead, from 1, the scores by name; `baseline_errors` of the same origins, by the
        baseline's name; `owa`, where Naive2 is among them; `example`, one forecast in raw numbers, null where missing.
        """
        steps = {name: values.tolist() for name, values in self.by_horizon.items()}
        found: dict[str, Any] = {
            "by_horizon": [{"step": h + 1} | {n: v[h] for n, v in steps.items()} for h in range(self.horizon)],
            "baseline_errors": data.baseline_errors(split),
            "example": {"history": numbers(data.observed(split)[:, 0])} | self.example,
        }
        if "naive2" in found["baseline_errors"]:
            found["owa"] = overall_weighted_average(self.overall, found["baseline_errors"]["naive2"])
        return found


def numbers(values: Tensor | NDArray[np.float64]) -> list[float | None]:
    """Numbers for JSON: None where one is missing."""
    found: list[float] = values.tolist()
    return [None if math.isnan(value) else value for value in found]
