"""What `unrolled test` found of each class and language -> a heat map and tables."""

import math
from collections.abc import Mapping

from unrolled.reports.figures.plotly_base import Figure, axis, layout, shortened, text
from unrolled.reports.narrative.formatting import figure, percent
from unrolled.reports.records import Told

Table = tuple[list[str], list[list[tuple[str, str]]]]  # headings, and rows of (what is shown, what it is sorted by)
CELL, SIDE, LABEL = 34, 120, 16  # pixels of a class, pixels beside the cells, characters of a name
WRITTEN = 12  # classes up to which each cell also shows its count
COLUMNS = {"count": "sequences", "accuracy": "accuracy", "recall": "recall", "precision": "precision", "f1": "F1"}


def read_told(content: Mapping[str, object]) -> Told | None:
    """The classes of results.json; None where there are none, or where they are not what `unrolled test` writes."""
    names, counts = content.get("classes"), content.get("confusion")
    if not isinstance(names, list) or not names:
        return None
    rows = counts if isinstance(counts, list) else []
    whole = all(isinstance(row, list) and len(row) == len(names) and all(map(_count, row)) for row in rows)
    square = tuple(map(tuple, rows)) if whole and len(rows) == len(names) else ()
    scores, languages = (_scores(content.get(key)) for key in ("by_class", "by_language"))
    return Told(tuple(map(str, names)), square, scores, languages)


def confusion_map(told: Told) -> Figure | None:
    """Each class that is true down, each that was told across; the darker, the larger the share of the true class."""
    if not told.confusion:
        return None
    names, places = [text(shortened(name, LABEL)) for name in told.names], list(range(len(told.names)))
    shares = [[count / max(1, sum(row)) for count in row] for row in told.confusion]
    hover = [
        [
            f"{text(true)} told as {text(said)}: {count:,} of {sum(row):,} ({percent(count / max(1, sum(row)))})"
            for said, count in zip(told.names, row, strict=True)
        ]
        for true, row in zip(told.names, told.confusion, strict=True)
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
        trace |= {"text": [[f"{count:,}" if count else "" for count in row] for row in told.confusion]}
        trace |= {"texttemplate": "%{text}"}
    rungs = {"tickmode": "array", "tickvals": places, "ticktext": names, "showgrid": False, "fixedrange": True}
    return {
        "data": [trace],
        "layout": layout(
            CELL * len(names) + SIDE,
            margin={"l": 8, "r": 8, "t": 6, "b": 8},
            xaxis=axis("told as", **rungs),
            yaxis=axis("true class", autorange="reversed", **rungs),
        ),
    }


def width(told: Told) -> int:
    """Pixels that the map needs, so that its cells are no smaller than they are high."""
    return CELL * len(told.names) + SIDE


def score_tables(told: Told) -> list[Table]:
    """Of the classes, and of the languages where the data told them."""
    named = {"class": told.scores, "language": told.languages}
    return [score_table(first, scores) for first, scores in named.items() if scores]


def score_table(first: str, scores: Mapping[str, Mapping[str, float]]) -> Table:
    """A row for each name, under `first`, and a column for each number that any of them has."""
    columns = [column for column in COLUMNS if any(column in row for row in scores.values())]
    rows = [[(name, name), *(_cell(column, row.get(column, math.nan)) for column in columns)]
            for name, row in scores.items()]  # fmt: skip
    return [first, *(COLUMNS[column] for column in columns)], rows


def _cell(column: str, number: float) -> tuple[str, str]:
    if not math.isfinite(number):
        return "–", ""
    return (f"{number:,.0f}" if column == "count" else figure(number)), repr(number)


def _scores(content: object) -> dict[str, dict[str, float]]:
    """Numbers by name of each name; what is none is left out."""
    return {
        str(name): {key: float(number) for key, number in row.items() if key in COLUMNS and _number(number)}
        for name, row in (content.items() if isinstance(content, dict) else ())
        if isinstance(row, dict)
    }


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
