"""Curves over optimizer steps: losses of runs, reported values of trials."""

import math
from collections.abc import Iterable, Sequence

from unrolled.reports.figures.plotly_base import Figure, axis, escape, layout
from unrolled.reports.narrative.formatting import format_number
from unrolled.reports.records import Curve, Run, Study, Trial

COLOURS = 6  # --series-1 ... --series-6 of the page's CSS; the seventh run starts over with dashes
DASHES = ("solid", "dash", "dot", "dashdot")
POINTS = 1_500  # a longer curve is thinned to every n-th point and the last
LOSSES = {
    "LanguageModeling": "nats per token",
    "Translation": "nats per token",
    "SequenceTagging": "nats per target",
    "SequenceRegression": "mean squared error",
}
OUTPUTS = {"gaussian": "nats per number", "student_t": "nats per number", "quantiles": "mean pinball loss"}
TALL = 3.0  # a maximum this many times above the 95th percentile is clipped


def thinned(curve: Curve) -> tuple[list[int], list[float | None]]:
    """At most about POINTS points; nan and inf become gaps."""
    stride = math.ceil(len(curve.steps) / POINTS) or 1
    kept = sorted({*range(0, len(curve.steps), stride), *range(len(curve.steps))[-1:]})
    values = (curve.values[i] for i in kept)
    return [curve.steps[i] for i in kept], [value if math.isfinite(value) else None for value in values]


def y_range(curves: Iterable[Curve]) -> dict[str, object]:
    """A y range that clips outliers, so that one diverged trial does not flatten the others; {} if there are none."""
    values = sorted(value for curve in curves for _, value in curve.finite)
    if len(values) < 2:
        return {}
    low, high = values[0], values[min(len(values) - 1, math.floor(0.95 * len(values)))]
    if values[-1] - low <= TALL * (high - low) or high == low:
        return {}
    margin = 0.05 * (high - low)
    return {"range": [low - margin, high + 2 * margin], "autorange": False}


def learning_curves(runs: Sequence[Run]) -> Figure | None:
    """Training (thin) and validation (thick) loss of each run; with several runs the legend lists each run once."""
    traces: list[Figure] = []
    for index, run in enumerate(runs):
        losses = {"train": run.curves.get("train/loss"), "validation": run.curves.get("val/loss")}
        recorded = {name: curve for name, curve in losses.items() if curve and curve.finite}
        for name, curve in recorded.items():
            trace = loss(curve, f"{escape(run.name)}, {name}", index, thick=name == "validation")
            alone, last = len(runs) == 1, name == list(recorded)[-1]
            traces.append(trace | {"name": name if alone else escape(run.name), "showlegend": alone or last})
    shown = [run.curves[name] for run in runs for name in ("train/loss", "val/loss") if name in run.curves]
    units = {loss_unit(run) for run in runs}
    unit = units.pop() if len(units) == 1 else ""
    return over_steps(traces, f"loss, {unit}" if unit else "loss", y_range(shown)) if traces else None


def loss_unit(run: Run) -> str:
    """The unit of a run's loss, "" if unknown; for forecasters it depends on the output."""
    named = run.recipe.get("task")
    given = named.get(task_name(run)) if isinstance(named, dict) else None
    arguments = given if isinstance(given, dict) else {}
    if task_name(run) not in ("Forecasting", "DirectForecasting"):
        return LOSSES.get(task_name(run), "")
    kind = "absolute" if arguments.get("loss") == "absolute" else "squared"
    return OUTPUTS.get(str(arguments.get("output")), f"mean {kind} error")


def task_name(run: Run) -> str:
    """The name of the run's task: `task: LanguageModeling` or `task: {LanguageModeling: {...}}`."""
    named = run.recipe.get("task")
    return str(next(iter(named), "")) if isinstance(named, dict) else str(named)


def loss(curve: Curve, label: str, index: int, thick: bool) -> Figure:
    """One loss curve of run number `index`."""
    steps, values = thinned(curve)
    return {
        "type": "scatter",
        "mode": "lines+markers" if thick or len(steps) == 1 else "lines",
        "x": steps,
        "y": values,
        "line": {
            "color": f"var(--series-{index % COLOURS + 1})",
            "dash": DASHES[index // COLOURS % len(DASHES)],
            "width": 2.4 if thick else 1.2,
        },
        "marker": {"size": 6},
        "opacity": 1.0 if thick else 0.55,
        "hovertext": hover_texts(label, steps, values),
        "hoverinfo": "text",
        "legendgroup": str(index),
    }


def trial_curves(study: Study) -> Figure | None:
    """The reported values of each trial: pruned and failed trials faint, the best on top."""
    best = study.ranked[0] if study.ranked else None
    ended = [trial for trial in study.trials if trial.state == "complete" and trial is not best]
    groups = [
        ([t for t in study.trials if t.state == "pruned"], "pruned", "var(--faint)", 1.2),
        ([t for t in study.trials if t.state not in ("complete", "pruned")], "not completed", "var(--faint)", 1.2),
        (ended, "completed", "var(--accent)", 1.4),
        ([best] if best else [], f"best: trial {best.number}" if best else "", "var(--warm)", 3.0),
    ]
    traces = [
        bundle([t for t in trials if t.reported.finite], name, colour, width, study.objective)
        for trials, name, colour, width in groups
        if any(t.reported.finite for t in trials)
    ]
    return over_steps(traces, escape(study.objective), y_range(t.reported for t in study.trials)) if traces else None


def bundle(trials: Sequence[Trial], name: str, colour: str, width: float, objective: str) -> Figure:
    """Several trials as one trace, separated by gaps."""
    x: list[int | None] = []
    y: list[float | None] = []
    hover: list[str] = []
    for trial in trials:
        steps, values = thinned(trial.reported)
        x += [*steps, None]
        y += [*values, None]
        label = f"trial {trial.number}, {trial.state}<br>{escape(objective)}"
        hover += [*hover_texts(label, steps, values), ""]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": x,
        "y": y,
        "name": name if name.startswith("best") else f"{name} ({len(trials)})",
        "line": {"color": colour, "width": width, "dash": "dot" if name == "not completed" else "solid"},
        "marker": {"size": 3 + width},
        "opacity": 0.6 if name == "completed" else 1.0,
        "hovertext": hover,
        "hoverinfo": "text",
    }


def hover_texts(label: str, steps: Sequence[int], values: Sequence[float | None]) -> list[str]:
    pairs = zip(steps, values, strict=True)
    return [f"{label} {format_number(math.nan if value is None else value)}<br>step {step:,}" for step, value in pairs]


def over_steps(traces: list[Figure], title: str, y: dict[str, object]) -> Figure:
    return {
        "data": traces,
        "layout": layout(
            380,
            xaxis=axis("optimizer steps", showgrid=False, fixedrange=True, rangemode="tozero"),
            yaxis=axis(title, fixedrange=True, **y),
            hovermode="closest",
            showlegend=True,
        ),
    }
