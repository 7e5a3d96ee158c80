"""A forecast as a CSV file and a plot."""

from collections.abc import Sequence
from pathlib import Path

from unrolled.reports.figures.forecast_svg import Panel, svg
from unrolled.runs.inference.forecast import Forecast, write_table


def write(table: Path, forecasts: Sequence[Forecast]) -> Path:
    """Write the CSV file `table` and an SVG plot of the same name; return the path of the plot.

    Raises:
        InputError: the file cannot be written.
    """
    write_table(table, forecasts)
    ends = [(one.quantiles.get(0.1, ()), one.quantiles.get(0.9, ())) for one in forecasts]
    pairs = zip(forecasts, ends, strict=True)
    panels = [Panel(one.series, one.history, one.times, one.mean, low, high) for one, (low, high) in pairs]
    plot = table.with_suffix(".svg")
    plot.write_text(svg(panels), encoding="utf-8")
    return plot
