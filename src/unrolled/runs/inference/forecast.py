"""Let a trained run forecast what comes after the end of each series.  N series, H steps, O targets, Q levels."""

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
    """What a run says of one series, in its own units."""

    series: str  # its name; of several targets, with the target's number
    history: list[float]  # what was observed in the context that was read, oldest first; nan where nothing was
    times: list[str]  # of each step ahead
    mean: list[float]
    quantiles: dict[float, list[float]]  # by level; empty where the output is no distribution


def forecast(folder: Path, table: Path | None = None, checkpoint: Path | None = None) -> list[Forecast]:
    """The next H steps of each series of the run's data, by its best checkpoint; the same each time it is asked.

    Args:
        folder: the run's folder.
        table: another table of the same columns, where the run's data are one; its series go on from there.  They may
            be others than the run's where its scaling is instance and it embeds no series.
        checkpoint: another one than the best.

    Raises:
        InputError: no run, one that does not forecast, no checkpoint, or a table that does not fit.
    """
    recipe = read_recipe(folder)
    trained, name = next(iter(recipe["task"])), recipe["data"]["class_path"]
    if not issubclass(catalog.find("tasks", trained), Forecasting | DirectForecasting):
        raise InputError(f"{folder}: expected a run that forecasts, got one of {trained}, which does not")
    if table is not None and not table.is_file():
        raise InputError(f"{table}: expected a table of the same columns as the run's, found none")
    task: Any
    task, saved = restore(folder, checkpoint)
    data = build_data(recipe)
    data.load_state_dict(saved[name])
    strangers = task.reader.embedding is None
    names, batch, times, observed = data.last_windows(None if table is None else str(table), strangers=strangers)
    batch = type(batch)(*(part.to(task.device) for part in batch))
    mean, quantiles = task.forecast(batch, generator(recipe["seed"], "forecast"))
    told = raw(mean.double(), batch.rows.double()).cpu()
    levels = {} if quantiles is None else dict(zip(LEVELS, quantiles.double().unbind(-1), strict=True))
    likely = {level: raw(part, batch.rows.double()).cpu() for level, part in levels.items()}
    return [
        Forecast(
            series if told.shape[2] == 1 else f"{series} {target + 1}",
            observed[row][:, target].tolist(),
            times[row],
            told[row, :, target].tolist(),
            {level: part[row, :, target].tolist() for level, part in likely.items()},
        )
        for row, series in enumerate(names)
        for target in range(told.shape[2])
    ]


def write_table(path: Path, forecasts: Sequence[Forecast]) -> None:
    """A CSV file, one step of one series a row: series, time, mean, and a column for each level.

    Raises:
        InputError: the file cannot be written.
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
        raise InputError(f"{path}: expected a file that can be written, but: {error.strerror}") from None
