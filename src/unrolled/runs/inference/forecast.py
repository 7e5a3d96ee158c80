"""Forecast the steps after the end of each series.  N series, H steps, O targets, Q levels."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from unrolled.config import catalog
from unrolled.errors import InputError
from unrolled.functional.forecasting.distributions import LEVELS
from unrolled.functional.forecasting.scores import raw
from unrolled.functional.generators import generator
from unrolled.runs.build import build_data
from unrolled.runs.restore import read_recipe, restore
from unrolled.tasks import DirectForecasting, Forecasting


class Forecast(NamedTuple):
    """The forecast of one target of one series, in the units of the data."""

    series: str  # name of the series, followed by the target's number if there are several
    history: list[float]  # observed values in the context, oldest first; nan where missing
    times: list[str]  # time of each step ahead
    mean: list[float]
    quantiles: dict[float, list[float]]  # by level; empty for point forecasts


def forecast(folder: Path, table: Path | None = None, checkpoint: Path | None = None) -> list[Forecast]:
    """Forecast the next H steps of each series with the run's best checkpoint.  Deterministic.

    Args:
        folder: the run folder.
        table: another table with the same columns, for runs trained on a table; its series are forecast instead.  They
            may differ from the training series if the run uses instance scaling and no series embedding.
        checkpoint: a checkpoint to use instead of the best one.

    Raises:
        InputError: no run, a run of another task, no checkpoint, or a table that does not fit.
    """
    recipe = read_recipe(folder)
    trained, name = next(iter(recipe["task"])), recipe["data"]["class_path"]
    if not issubclass(catalog.find("tasks", trained), Forecasting | DirectForecasting):
        raise InputError(f"{folder}: expected a forecasting run, got one of {trained}")
    if table is not None and not table.is_file():
        raise InputError(f"{table}: expected a table with the columns of the run's data, found none")
    task: Any
    task, saved = restore(folder, checkpoint)
    data = build_data(recipe)
    data.load_state_dict(saved[name])
    strangers = task.reader.embedding is None
    names, batch, times, observed = data.last_windows(None if table is None else str(table), strangers=strangers)
    batch = type(batch)(*(part.to(task.device) for part in batch))
    mean, quantiles = task.forecast(batch, generator(recipe["seed"], "forecast"))
    means = raw(mean.double(), batch.rows.double()).cpu()
    levels = {} if quantiles is None else dict(zip(LEVELS, quantiles.double().unbind(-1), strict=True))
    by_level = {level: raw(part, batch.rows.double()).cpu() for level, part in levels.items()}
    return [
        Forecast(
            series if means.shape[2] == 1 else f"{series} {target + 1}",
            observed[row][:, target].tolist(),
            times[row],
            means[row, :, target].tolist(),
            {level: part[row, :, target].tolist() for level, part in by_level.items()},
        )
        for row, series in enumerate(names)
        for target in range(means.shape[2])
    ]


def write_table(path: Path, forecasts: Sequence[Forecast]) -> None:
    """Write a CSV file with one row per series and step: series, time, mean, and one column per level.

    Raises:
        InputError: the file is not writable.
    """
    try:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["series", "time", "mean", *forecasts[0].quantiles])
            for one in forecasts:
                writer.writerows(
                    [one.series, *row] for row in zip(one.times, one.mean, *one.quantiles.values(), strict=True)
                )
    except OSError as error:
        raise InputError(f"{path}: expected a writable file, got: {error.strerror}") from None
