"""`unrolled forecast` through the command: the table, the plot, and what it refuses."""

import csv
import math
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import torch

from unrolled.cli import main
from unrolled.config import recipe
from unrolled.functional.generators import generator
from unrolled.runs.build import build_data, parse
from unrolled.runs.evaluate import evaluate
from unrolled.runs.fit import fit
from unrolled.runs.inference.forecast import forecast
from unrolled.runs.restore import read_recipe, restore

H = 6
LEVELS = ["0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8", "0.9"]
QUICK = {"batches": 4, "batch_size": 4, "horizon": H, "context": 12}


@pytest.fixture(autouse=True)
def no_wandb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WANDB_MODE", "disabled")


def make_recipe(task: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    form = {
        "task": task,
        "architecture": {"class_path": "GRU", "init_args": {"hidden_size": 5}},
        "optimizer": {"class_path": "Adam", "init_args": {"lr": 0.01}},
        "data": data,
        "trainer": {"max_epochs": 1, "accelerator": "cpu"},
    }
    return parse(recipe.normalise(form, "test"))


def table(path: Path, shift: float = 0.0, steps: int = 80, names: tuple[str, ...] = ("a", "b")) -> Path:
    """Two waves by the day, one a hundred times the other."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["series", "time", "value"])
        for scale, name in zip((1.0, 100.0), names, strict=True):
            for day in range(steps):
                stamp = _day(day)
                writer.writerow([name, stamp, scale * (3 + math.sin(day / 2)) + shift])
    return path


def _day(number: int) -> str:
    return str(date(2024, 1, 1) + timedelta(days=number))


@pytest.fixture(scope="module")
def a_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """DeepAR on two series of a table."""
    home = tmp_path_factory.mktemp("runs")
    args = {"path": str(table(home / "waves.csv")), "series_column": "series", "period": 7, "calendar": ["weekday"]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WANDB_MODE", "disabled")
        task = {"Forecasting": {"output": "gaussian", "paths": 20, "series_embedding_size": 2}}
        fit(
            make_recipe(task, {"class_path": "ForecastTable", "init_args": QUICK | args}),
            home / "deepar",
            progress=False,
        )
    return home / "deepar"


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return [*csv.DictReader(file)]


def test_a_table_and_a_plot_of_the_next_steps_of_each_series(a_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forecast", str(a_run)]) == 0
    out = capsys.readouterr().out
    assert out == f"{a_run}/forecast.csv: the next {H} steps of 2 series; plot: {a_run}/forecast.svg\n"
    written = rows(a_run / "forecast.csv")
    assert [*written[0]] == ["series", "time", "mean", *LEVELS]
    assert [row["series"] for row in written] == ["a"] * H + ["b"] * H
    assert [row["time"][:10] for row in written[:H]] == [_day(80 + step) for step in range(H)]
    for row in written:
        numbers = [float(row[level]) for level in LEVELS]
        assert numbers == sorted(numbers) and math.isfinite(float(row["mean"]))
    assert (a_run / "forecast.svg").read_text().startswith("<svg")


def test_the_same_run_forecasts_the_same_and_as_its_task_does(a_run: Path, tmp_path: Path) -> None:
    for name in ("one.csv", "two.csv"):
        assert main(["forecast", str(a_run), "--out", str(tmp_path / name)]) == 0
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    task: Any
    task, _ = restore(a_run)
    batch = build_data(read_recipe(a_run)).last_windows().batch
    mean, quantiles = task.forecast(batch, generator(1, "forecast"))
    location, scale = batch.rows[:, 1].double(), batch.rows[:, 2].double()
    written = rows(tmp_path / "one.csv")
    for name, part in {"mean": mean[..., 0], "0.9": quantiles[..., 0, 8]}.items():
        expected = (location[:, None] + scale[:, None] * part.double()).flatten()
        torch.testing.assert_close(
            torch.tensor([float(row[name]) for row in written]).double(), expected, rtol=1e-6, atol=0
        )


def test_another_table_of_the_same_series_goes_on_from_its_own_end(a_run: Path, tmp_path: Path) -> None:
    other = table(tmp_path / "longer.csv", steps=90)
    assert main(["forecast", str(a_run), "--file", str(other), "--out", str(tmp_path / "new.csv")]) == 0
    written = rows(tmp_path / "new.csv")
    assert written[0]["time"][:10] == _day(90)
    assert main(["forecast", str(a_run), "--out", str(tmp_path / "old.csv")]) == 0
    assert [row["mean"] for row in written] != [row["mean"] for row in rows(tmp_path / "old.csv")]


def test_a_point_has_no_quantiles_and_a_direct_forecaster_needs_no_table(tmp_path: Path) -> None:
    folder = tmp_path / "direct"
    data = {"class_path": "CO2", "init_args": QUICK}
    fit(make_recipe({"DirectForecasting": {"patch": 3}}, data), folder, progress=False)
    assert main(["forecast", str(folder)]) == 0
    table_rows = rows(folder / "forecast.csv")
    assert [*table_rows[0]] == ["series", "time", "mean"] and len(table_rows) == H
    (one,) = forecast(folder)
    assert one.quantiles == {} and len(one.history) == 12
    assert [float(row["mean"]) for row in table_rows] == one.mean


@pytest.mark.parametrize("embedding", [0, 2])
def test_series_that_the_run_never_saw_go_by_the_scale_of_their_windows(
    tmp_path: Path, embedding: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same numbers under another name, unless the model knows its series by their names."""
    other = table(tmp_path / "other.csv", names=("c", "b"))
    args = {"path": str(table(tmp_path / "waves.csv")), "series_column": "series", "scaling": "instance"}
    task = {"DirectForecasting": {"series_embedding_size": embedding}}
    folder = tmp_path / "run"
    fit(make_recipe(task, {"class_path": "ForecastTable", "init_args": QUICK | args}), folder, progress=False)
    if embedding:
        assert main(["forecast", str(folder), "--file", str(other)]) == 2
        assert "series 'c': expected one that the run was trained on" in capsys.readouterr().err
        return
    own, new = forecast(folder), forecast(folder, other)
    assert [one.series for one in new] == ["c", "b"] and [one.mean for one in new] == [one.mean for one in own]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--file", "none.csv"], "none.csv: expected a table with the columns of the run's data, found none"),
        (["--out", "forecast.txt"], "--out forecast.txt: expected the name of a .csv file in a folder that exists"),
        (["--out", "none/forecast.csv"], "--out none/forecast.csv: expected the name of a .csv file in a folder"),
        (["--file", "other.csv"], "series 'c'"),
        (["--ckpt_path", "none.ckpt"], "none.ckpt"),
        (["--horizon", "9"], "--horizon"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(
    a_run: Path, workdir: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    table(workdir / "other.csv", names=("a", "c"))
    assert main(["forecast", str(a_run), *words]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_a_run_that_does_not_forecast_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = {"class_path": "AddingProblem", "init_args": {"length": 9}}
    (tmp_path / "recipe.yaml").write_text(recipe.dump(make_recipe({"SequenceRegression": {}}, data)))
    assert main(["forecast", str(tmp_path)]) == 2
    assert "expected a forecasting run, got one of SequenceRegression" in capsys.readouterr().err


def gappy(path: Path, steps: int = 80) -> Path:
    """The table of two waves, three numbers of every ten missing."""
    lines = table(path, steps=steps).read_text().splitlines()
    gone = {place for place in range(1, len(lines)) if place % 10 in (3, 4, 8)}
    emptied = [line.rpartition(",")[0] + "," if place in gone else line for place, line in enumerate(lines)]
    path.write_text("\n".join(emptied) + "\n")
    return path


@pytest.mark.parametrize("task", ["Forecasting", "DirectForecasting"])
def test_a_marker_is_read_and_never_shown(tmp_path: Path, task: str) -> None:
    """In results and plots stands what was observed, a gap elsewhere."""
    path = gappy(tmp_path / "waves.csv")
    args = {"path": str(path), "series_column": "series", "missing": "marker", "marker": -9.0, "marks": True}
    folder = tmp_path / "run"
    fit(make_recipe({task: {}}, {"class_path": "ForecastTable", "init_args": QUICK | args}), folder, progress=False)
    values = [row["value"] for row in rows(path)][:80]  # of the first series
    shown = evaluate(folder, progress=False)["example"]["history"]
    assert shown == [float(value) if value else None for value in values[60 - 12 : 60]] and None in shown
    seen = forecast(folder)[0].history
    assert [None if math.isnan(value) else value for value in seen] == [
        float(value) if value else None for value in values[-12:]
    ]
    assert main(["forecast", str(folder)]) == 0
    assert "nan" not in (folder / "forecast.svg").read_text()


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("series,time,val", "other.csv: expected a column 'value', got series, time, val; did you mean val?"),
        ("time,value,more", "other.csv: expected a column 'series', got time, value, more"),
        ("series;time;value", "other.csv: expected a column 'time', got series;time;value; part its fields by commas"),
    ],
)
def test_a_table_of_other_columns_is_refused(
    a_run: Path, tmp_path: Path, header: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    other = table(tmp_path / "other.csv")
    lines = other.read_text().splitlines()
    sign = ";" if ";" in header else ","
    other.write_text("\n".join([header, *(line.replace(",", sign) for line in lines[1:])]))
    assert main(["forecast", str(a_run), "--file", str(other)]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
