"""Forecasts in a report: what results.json says, as figures and on the page."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from reports.folders import RECIPE, write_run
from unrolled.reports import write
from unrolled.reports.figures.curves import learning_curves
from unrolled.reports.figures.forecasts import error_by_step, forecast_example
from unrolled.reports.loading.results import read_forecasts
from unrolled.reports.loading.run import read_run
from unrolled.reports.records import Forecasts

STEPS = [{"step": h, "free_running_mse": 0.1 * h, "teacher_forced_mse": 0.1, "mase": 1.0} for h in (1, 2, 3)]
CONTENT: dict[str, Any] = {
    "split": "test",
    "unit": "step",
    "metrics": {"test/free_running_mse": 0.2, "test/teacher_forced_mse": 0.1},
    "baseline_metric": "free_running_mse",
    "baselines": {"naive": 0.5, "linear": 0.15},
    "by_horizon": STEPS,
    "baseline_errors": {
        "naive": {"mse": 0.5, "by_horizon": [0.4, 0.5, 0.6]},
        "linear": {"mse": 0.15, "by_horizon": [0.1, 0.15, math.nan]},
    },
    "example": {
        "history": [1.0, 2.0],
        "truth": [3.0, None, 5.0],
        "forecast": [2.5, 3.0, 3.5],
        "lower": [2.0, 2.0, 2.0],
        "upper": [3.0, 4.0, 5.0],
        "series": 0,
    },
}


def lines(figure: Any) -> dict[str, Any]:
    return {trace["name"]: trace for trace in figure["data"]}


def test_errors_by_step_of_the_model_stand_beside_those_of_the_baselines() -> None:
    found = read_forecasts(CONTENT)
    assert found is not None
    drawn = lines(error_by_step(found))
    assert {name: trace["y"] for name, trace in drawn.items()} == {
        "free running": pytest.approx([0.1, 0.2, 0.3]),
        "teacher forced": [0.1, 0.1, 0.1],
        "the last value repeated": [0.4, 0.5, 0.6],
        "a linear map of the context": [0.1, 0.15, None],
    }
    assert all(trace["x"] == [1, 2, 3] for trace in drawn.values())
    assert drawn["free running"]["line"]["color"] == "var(--accent)"
    assert drawn["a linear map of the context"]["line"]["dash"] != drawn["the last value repeated"]["line"]["dash"]


def test_an_example_is_read_up_to_step_0_and_forecast_from_step_1() -> None:
    found = read_forecasts(CONTENT)
    assert found is not None
    drawn = lines(forecast_example(found))
    assert (drawn["context"]["x"], drawn["context"]["y"]) == ([-1, 0], [1.0, 2.0])
    assert (drawn["forecast"]["x"], drawn["forecast"]["y"]) == ([1, 2, 3], [2.5, 3.0, 3.5])
    assert drawn["truth"]["y"] == [3.0, None, 5.0]
    assert drawn["80 % interval"]["fill"] == "tonexty" and drawn["80 % interval"]["y"] == [3.0, 4.0, 5.0]
    point = Forecasts({}, {name: found.example[name] for name in ("history", "truth", "forecast")})
    assert [*lines(forecast_example(point))] == ["context", "truth", "forecast"]


def test_what_a_direct_forecaster_says_is_the_model() -> None:
    found = read_forecasts({"by_horizon": [{"step": 1, "mse": 0.5}]})
    assert found == Forecasts({"model": (0.5,)}, {})
    assert found is not None and forecast_example(found) is None


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"by_horizon": 3, "baseline_errors": [], "example": "x"},
        {"by_horizon": ["a", None], "baseline_errors": {"naive": 3}, "example": {"history": "abc"}},
        {"by_horizon": [{"free_running_mse": "high"}], "baseline_errors": {"naive": {"by_horizon": [None, True]}}},
    ],
    ids=str,
)
def test_odd_results_are_no_forecasts(odd: dict[str, Any]) -> None:
    assert read_forecasts(odd) is None


def test_a_page_shows_them_and_a_page_without_has_no_such_section(tmp_path: Path) -> None:
    recipe = {**RECIPE, "task": {"Forecasting": {"output": "gaussian"}}}
    folder = write_run(tmp_path / "waves", recipe=recipe, results=CONTENT)
    page = write([folder], output=tmp_path / "reports").read_text(encoding="utf-8")
    places = ('<h2 id="forecasts">', 'id="steps-0"', 'id="example-0"')
    for text in (*places, "reads the true value at each step", "80 %", "baselines from the same"):
        assert text in page
    figures = json.loads(page.partition('id="figures">')[2].partition("</script>")[0])["figures"]
    assert {"steps-0", "example-0"} <= figures.keys()
    other = write([write_run(tmp_path / "text")], output=tmp_path / "reports").read_text(encoding="utf-8")
    assert '<h2 id="forecasts">' not in other


@pytest.mark.parametrize(
    ("task", "unit"),
    [
        ({"Forecasting": {}}, "mean squared error"),
        ("Forecasting", "mean squared error"),
        ({"Forecasting": {"loss": "absolute"}}, "mean absolute error"),
        ({"Forecasting": {"output": "gaussian"}}, "nats per number"),
        ({"DirectForecasting": {"output": "student_t", "patch": 2}}, "nats per number"),
        ({"DirectForecasting": {"output": "quantiles"}}, "mean pinball loss"),
    ],
    ids=str,
)
def test_the_loss_is_told_in_the_unit_of_the_output(tmp_path: Path, task: Any, unit: str) -> None:
    run = read_run(write_run(tmp_path, recipe={**RECIPE, "task": task}))
    drawn: Any = learning_curves([run])
    assert drawn["layout"]["yaxis"]["title"]["text"] == f"loss, {unit}"
