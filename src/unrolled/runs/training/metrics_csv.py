"""metrics.csv: a Lightning logger that writes one metric value per line."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities import rank_zero_only

COLUMNS = ["step", "epoch", "name", "value"]


class TableLogger(Logger):
    """Append step (optimizer steps), epoch, name and value to `folder`/metrics.csv; a kill loses at most the last line.

    A resumed run drops the lines after its checkpoint and writes them again, without duplicates.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.path = folder / "metrics.csv"
        self.known: set[tuple[int, str]] = set()  # already logged at the step of the checkpoint

    @property
    def name(self) -> str:
        return self.path.parent.name

    @property
    def version(self) -> str:
        return ""

    @property
    def log_dir(self) -> str:
        return str(self.path.parent)

    @rank_zero_only
    def rewind(self, step: int) -> None:
        """Drop the lines after optimizer step `step`, and incomplete lines."""
        kept = [COLUMNS]
        if self.path.exists():
            with self.path.open(newline="") as file:
                kept += [row for row in [*csv.reader(file)][1:] if len(row) == len(COLUMNS) and int(row[0]) <= step]
        self.known = {(step, row[2]) for row in kept[1:] if int(row[0]) == step}
        part = self.path.with_suffix(".part")
        with part.open("w", newline="") as file:
            csv.writer(file).writerows(kept)
        part.replace(self.path)

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        step, epoch = int(step or 0), int(metrics.get("epoch", 0))
        measured = {name: value for name, value in metrics.items() if "/" in name and (step, name) not in self.known}
        rows = [[step, epoch, name, repr(float(value))] for name, value in measured.items()]
        with self.path.open("a", newline="") as file:
            csv.writer(file).writerows(rows)

    @rank_zero_only
    def log_hyperparams(self, params: Any, *args: Any, **kwargs: Any) -> None:
        """Nothing to do: recipe.yaml has them."""
