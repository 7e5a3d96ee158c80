"""Measurements of the shipped recipes: docs/results/results.csv."""

import csv
from pathlib import Path
from typing import NamedTuple

RESULTS = Path(__file__).parents[1] / "docs" / "results"
MEASURED = RESULTS / "results.csv"


class Figure(NamedTuple):
    """One line of the file."""

    recipe: str
    seed: int
    kind: str  # metric (the primary one), beside (another metric), baseline, "baseline of METRIC", seconds
    name: str
    value: float


def read() -> list[Figure]:
    if not MEASURED.is_file():
        return []
    with MEASURED.open(newline="", encoding="utf-8") as file:
        return [
            Figure(row["recipe"], int(row["seed"]), row["kind"], row["name"], float(row["value"]))
            for row in csv.DictReader(file)
        ]


def write(figures: list[Figure]) -> None:
    with MEASURED.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(Figure._fields)
        lines.writerows(figure._replace(value=f"{figure.value:.6g}") for figure in sorted(figures))
