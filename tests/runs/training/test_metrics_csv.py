"""metrics.csv: appended as it is measured, rewound on resuming."""

import csv
from pathlib import Path

from unrolled.runs.training.metrics_csv import TableLogger


def _rows(folder: Path) -> list[list[str]]:
    with (folder / "metrics.csv").open(newline="") as file:
        return [*csv.reader(file)]


def test_each_number_is_a_line_that_reads_back_exactly(tmp_path: Path) -> None:
    table = TableLogger(tmp_path)
    table.rewind(0)
    table.log_metrics({"train/loss": 1 / 3, "epoch": 2}, step=7)
    table.log_metrics({"val/loss": float("nan")}, step=8)
    assert _rows(tmp_path) == [
        ["step", "epoch", "name", "value"],
        ["7", "2", "train/loss", repr(1 / 3)],
        ["8", "0", "val/loss", "nan"],
    ]


def test_rewinding_drops_what_came_after_and_a_line_cut_short(tmp_path: Path) -> None:
    table = TableLogger(tmp_path)
    table.rewind(0)
    for step in (1, 2, 3):
        table.log_metrics({"train/loss": float(step)}, step=step)
    with table.path.open("a") as file:
        file.write("4,0,train/lo")
    table.rewind(2)
    assert [row[0] for row in _rows(tmp_path)] == ["step", "1", "2"]


def test_what_was_measured_at_the_checkpoint_itself_is_not_written_twice(tmp_path: Path) -> None:
    table = TableLogger(tmp_path)
    table.rewind(0)
    table.log_metrics({"val/loss": 2.0}, step=5)
    table.rewind(5)
    table.log_metrics({"val/loss": 2.0, "val/perplexity": 7.0}, step=5)
    table.log_metrics({"val/loss": 1.0}, step=6)
    assert [row[0] + row[2] for row in _rows(tmp_path)[1:]] == ["5val/loss", "5val/perplexity", "6val/loss"]
