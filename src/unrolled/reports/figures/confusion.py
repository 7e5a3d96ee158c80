"""Classification results as a confusion matrix and score tables."""

import math
from collections.abc import Mapping

from unrolled.reports.figures.plotly_base import Figure, axis, escape, layout, shortened
from unrolled.reports.narrative.formatting import format_number, format_percent
from unrolled.reports.records import SCORE_COLUMNS, ClassResults

Table = tuple[list[str], list[list[tuple[str, str]]]]  # headings, rows of (displayed text, sort key)
CELL, SIDE, LABEL = 34, 120, 16  # pixels per class, pixels of margins, characters of a name
WRITTEN = 12  # most classes for which each cell also shows its count


def confusion_map(results: ClassResults) -> Figure | None:
    """True classes as rows, predicted classes as columns, darker for a larger share of the true class."""
    if not results.confusion:
        return None
    names, places = [escape(shortened(name, LABEL)) for name in results.names], list(range(len(results.names)))
    shares = [[count / max(1, sum(row)) for count in row] for row in results.confusion]
    hover = [
        [
            f"{escape(true)} predicted as {escape(predicted)}: {count:,} of {sum(row):,} "
            f"({format_percent(count / max(1, sum(row)))})"
            for predicted, count in zip(results.names, row, strict=True)
        ]
        for true, row in zip(results.names, results.confusion, strict=True)
    ]
    trace: Figure = {
        "type": "heatmap",
        "z": shares,
        "zmin": 0,
        "zmax": 1,
        "x": places,
        "y": places,
        "colorscale": [[0, "var(--card)"], [1, "var(--series-1)"]],
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hovertext": hover,
        "hoverinfo": "text",
    }
    if len(names) <= WRITTEN:
        trace |= {"text": [[f"{count:,}" if count else "" for count in row] for row in results.confusion]}
        trace |= {"texttemplate": "%{text}"}
    rungs = {"tickmode": "array", "tickvals": places, "ticktext": names, "showgrid": False, "fixedrange": True}
    return {
        "data": [trace],
        "layout": layout(
            CELL * len(names) + SIDE,
            margin={"l": 8, "r": 8, "t": 6, "b": 8},
            xaxis=axis("predicted class", **rungs),
            yaxis=axis("true class", autorange="reversed", **rungs),
        ),
    }


def width(results: ClassResults) -> int:
    """Minimum width of the map in pixels, so that its cells are at least square."""
    return CELL * len(results.names) + SIDE


def score_tables(results: ClassResults) -> list[Table]:
    """Scores by class and, if the data has languages, by language."""
    named = {"class": results.scores, "language": results.languages}
    return [score_table(first, scores) for first, scores in named.items() if scores]


def score_table(first: str, scores: Mapping[str, Mapping[str, float]]) -> Table:
    """One row per name (heading `first`), one column per score that any row has."""
    columns = [column for column in SCORE_COLUMNS if any(column in row for row in scores.values())]
    rows = [[(name, name), *(_cell(column, row.get(column, math.nan)) for column in columns)]
            for name, row in scores.items()]  # fmt: skip
    return [first, *(SCORE_COLUMNS[column] for column in columns)], rows


def _cell(column: str, number: float) -> tuple[str, str]:
    if not math.isfinite(number):
        return "–", ""
    return (f"{number:,.0f}" if column == "count" else format_number(number)), repr(number)
