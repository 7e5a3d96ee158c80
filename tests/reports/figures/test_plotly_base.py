"""Every figure is one that Plotly accepts, and shows the numbers that it was given."""

import math
from typing import Any

import plotly.graph_objects as go
import pytest

from unrolled.reports.figures import curves as curve_figures
from unrolled.reports.figures.curves import learning_curves, thinned, trial_curves, y_range
from unrolled.reports.figures.parallel_coordinates import categorical, parallel_coordinates, scale
from unrolled.reports.figures.plotly_base import escape, importance_bars, results_bars, shortened
from unrolled.reports.narrative.comparison import comparable_groups
from unrolled.reports.records import Curve, Parameter, Results, Run, Study, Trial

EVIL = "<img src=x onerror=alert(1)>"
PARAMETERS = {
    "a.lr": Parameter("a.lr", 1e-4, 1e-1, log=True),
    "a.hidden_size": Parameter("a.hidden_size", 32, 256),
    f"cell{EVIL}": Parameter(f"cell{EVIL}", choices=("LSTM", EVIL, None, True)),
}


def accepted(figure: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Plotly's own check of every property; colours that are CSS variables pass it too."""
    assert figure is not None
    go.Figure(figure)
    assert "<img" not in repr(figure)
    return figure["data"], figure["layout"]


def trial(number: int, state: str, value: float, lr: float, **more: Any) -> Trial:
    params = {"a.lr": lr, "a.hidden_size": 32 + number, f"cell{EVIL}": EVIL}
    curve = Curve((10, 20), (value + 1, value)) if state != "failed" else Curve()
    return Trial(number, state, value if state == "complete" else math.nan, params, more.get("reported", curve))


STUDY = Study(
    f"s{EVIL}",
    "runs/s",
    f"val/loss{EVIL}",
    trials=(
        trial(0, "complete", 1.5, 1e-4),
        trial(1, "complete", 1.2, 1e-2),
        trial(2, "complete", 1.9, 1e-1),
        trial(3, "pruned", 3.0, 1e-3),
        trial(4, "failed", 0.0, 1e-3),
        trial(5, "running", 2.5, 1e-3),
        Trial(6, "complete", math.inf, {"a.lr": 1e-3}, Curve((10, 20), (math.nan, 2.0))),
    ),
    parameters=PARAMETERS,
    importance={"a.lr": 0.75, "a.hidden_size": 0.25},
)


def test_results_stand_sorted_with_the_lowest_on_top() -> None:
    results = Results("test", "bits_per_character", 1.74, {"5-gram": 2.0, "lzma": 1.45, "odd": math.nan}, None)
    (group,) = comparable_groups([Run(f"mine{EVIL}", "runs/mine", results=results)])
    ((bars,), layout) = accepted(results_bars(group))
    assert bars["x"] == [2.0, 1.74, 1.45]
    assert bars["text"] == ["2.000", "1.740", "1.450"]
    assert layout["yaxis"]["ticktext"] == ["the 5-gram", escape(shortened(f"mine{EVIL}", 28)), "lzma"]
    assert bars["marker"]["color"] == ["var(--bar)", "var(--accent)", "var(--bar)"]
    assert layout["xaxis"]["rangemode"] == "tozero"


def test_long_labels_keep_their_ends() -> None:
    assert shortened("runs/a/very/long/path/to/some/quickstart", 20) == "runs/a/ver…uickstart"
    assert shortened("quickstart", 10) == "quickstart"


def test_importance_bars() -> None:
    ((bars,), layout) = accepted(importance_bars(STUDY))
    assert bars["x"] == [0.25, 0.75]
    assert layout["yaxis"]["ticktext"] == ["hidden_size", "lr"]
    assert importance_bars(Study("s", "runs/s")) is None


def test_one_runs_curves_are_its_numbers_with_gaps() -> None:
    curves = {"train/loss": Curve((1, 2, 3), (3.0, math.nan, 1.0)), "val/loss": Curve((2,), (2.0,)), "other": Curve()}
    train, validation = accepted(learning_curves([Run("mine", "runs/mine", curves=curves)]))[0]
    assert (train["name"], train["x"], train["y"], train["mode"]) == ("train", [1, 2, 3], [3.0, None, 1.0], "lines")
    assert (validation["name"], validation["x"], validation["y"]) == ("validation", [2], [2.0])


def test_several_runs_are_named_once_each() -> None:
    curves = {"train/loss": Curve((1,), (3.0,)), "val/loss": Curve((1,), (2.0,))}
    runs = [Run(f"{EVIL}{i}", f"runs/{i}", curves=curves) for i in range(8)]
    traces, _ = accepted(learning_curves(runs))
    assert [trace["name"] for trace in traces if trace["showlegend"]] == [escape(run.name) for run in runs]
    assert traces[0]["line"]["color"] == traces[12]["line"]["color"]
    assert traces[0]["line"]["dash"] != traces[12]["line"]["dash"]


@pytest.mark.parametrize(
    ("tasks", "title"),
    [
        ([{"LanguageModeling": {}}], "loss, nats per token"),
        (["LanguageModeling"], "loss, nats per token"),
        ([{"SequenceRegression": {}}, {"SequenceRegression": {"readout": "identity"}}], "loss, mean squared error"),
        ([{"SequenceTagging": None}], "loss, nats per target"),
        ([{"SequenceTagging": None}, {"SequenceRegression": {}}], "loss"),
        ([None], "loss"),
        ([{}], "loss"),
    ],
    ids=str,
)
def test_the_unit_of_the_loss_is_that_of_the_tasks(tasks: list[Any], title: str) -> None:
    curves = {"val/loss": Curve((1, 2), (2.0, 1.0))}
    runs = [Run(str(i), f"runs/{i}", {"task": task}, curves=curves) for i, task in enumerate(tasks)]
    _, layout = accepted(learning_curves(runs))
    assert layout["yaxis"]["title"]["text"] == title


@pytest.mark.parametrize(
    "curves", [{}, {"train/loss": Curve((1,), (math.nan,))}, {"val/perplexity": Curve((1,), (9.0,))}]
)
def test_nothing_finite_gives_no_curves(curves: dict[str, Curve]) -> None:
    assert learning_curves([Run("mine", "runs/mine", curves=curves)]) is None


def test_long_curves_are_thinned_to_real_points_with_both_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(curve_figures, "POINTS", 10)
    curve = Curve(tuple(range(0, 990, 10)), tuple(float(i) for i in range(99)))
    steps, values = thinned(curve)
    assert len(steps) <= 11
    assert (steps[0], steps[-1], values[-1]) == (0, 980, 98.0)
    assert all(curve.values[step // 10] == value for step, value in zip(steps, values, strict=True))
    assert thinned(Curve((1, 2), (3.0, 4.0))) == ([1, 2], [3.0, 4.0])
    assert thinned(Curve()) == ([], [])


def test_runaway_values_leave_the_frame() -> None:
    calm = Curve(tuple(range(100)), tuple(3 - i / 50 for i in range(100)))
    assert y_range([calm]) == {}
    low, high = y_range([calm, Curve((1,), (1e9,))])["range"]  # type: ignore[misc]
    assert low < min(calm.values)
    assert max(calm.values[5:]) < high < 4
    assert y_range([Curve()]) == {}
    assert y_range([Curve((1, 2, 3), (1.0, 1.0, 1.0))]) == {}


def test_trials_curves_part_at_gaps_and_the_best_stands_on_top() -> None:
    traces, _ = accepted(trial_curves(STUDY))
    assert [trace["name"] for trace in traces] == ["pruned (1)", "not completed (1)", "completed (3)", "best: trial 1"]
    assert traces[0]["line"]["color"] == "var(--faint)"
    assert traces[2]["x"] == [10, 20, None, 10, 20, None, 10, 20, None]
    assert traces[2]["y"] == [2.5, 1.5, None, 2.9, 1.9, None, None, 2.0, None]
    assert traces[3]["y"] == [2.2, 1.2, None]
    assert all(len(trace["hovertext"]) == len(trace["x"]) for trace in traces)
    assert trial_curves(Study("s", "runs/s", trials=(Trial(0, "complete", 1.0),))) is None


def test_parallel_coordinates_place_every_value() -> None:
    traces, layout = accepted(parallel_coordinates(STUDY))
    assert [trace["name"] for trace in traces] == ["pruned", "fifth 4", "fifth 2", "best: trial 1"]
    best = traces[-1]
    assert best["x"] == [0, 1, 2, 3, None]
    assert best["y"][:4] == pytest.approx(
        [2 / 3, 1 / 224, 1 / 3, 0.0]
    )  # log lr, hidden 33 of 32..256, 2nd of 4, lowest
    assert traces[0]["y"][3] is None
    assert len(layout["shapes"]) == 4


def test_a_trial_without_a_conditional_hyper_parameter_has_a_gap() -> None:
    trials = (Trial(0, "complete", 1.0, {"a.lr": 1e-2}), Trial(1, "complete", 2.0, {"a.hidden_size": 64}))
    parameters = {name: PARAMETERS[name] for name in ("a.lr", "a.hidden_size")}
    traces, _ = accepted(parallel_coordinates(Study("s", "runs/s", trials=trials, parameters=parameters)))
    assert traces[-1]["y"] == [pytest.approx(2 / 3), None, 0.0, None]


@pytest.mark.parametrize(
    "study",
    [
        Study("s", "runs/s", trials=(Trial(0, "complete", 1.0),)),
        Study("s", "runs/s", parameters=PARAMETERS, trials=(trial(0, "pruned", 1.0, 1e-3),)),
        Study("s", "runs/s"),
    ],
)
def test_no_parallel_coordinates_without_a_trial_or_an_axis(study: Study) -> None:
    assert parallel_coordinates(study) is None


def test_scales() -> None:
    wide = scale("lr", Parameter("lr", 1.0, 100.0, log=True), [1000.0])
    assert wide.place(1000.0) == 1.0  # the range of an earlier launch was narrower
    assert [written for _, written in wide.ticks] == ["1", "31.6", "1e+03"]
    assert scale("n", Parameter("n", 5, 5), [5]).place(5) == 0.5
    assert scale("n", Parameter("n"), ["x", 1.0]).place("x") == 0.0
    assert categorical("c", ["only", "only"]).ticks == [(0.5, "only")]
    assert scale("n", Parameter("n", 0, 1), [0.5]).place("gone") is None
