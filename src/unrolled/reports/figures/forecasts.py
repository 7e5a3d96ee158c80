"""Forecast figures: error by step of the horizon, and one example forecast."""

from collections.abc import Sequence

from unrolled.reports.figures.plotly_base import Figure, axis, escape, layout
from unrolled.reports.narrative.formatting import baseline_label, format_number
from unrolled.reports.records import Forecasts

Values = Sequence[float | None]  # None is a gap
MODEL_COLOURS = {"free running": "var(--accent)", "teacher forced": "var(--warm)", "model": "var(--accent)"}
DASHES = ("solid", "dash", "dot", "dashdot")  # of baselines, in grey


def error_by_step(forecasts: Forecasts) -> Figure | None:
    """Mean squared error by step ahead, of the model and (in grey) of the baselines."""
    traces, baselines = [], 0
    for name, errors in forecasts.by_step.items():
        style: dict[str, object] = {"color": MODEL_COLOURS.get(name, "var(--muted)"), "width": 2.4}
        if name not in MODEL_COLOURS:
            style |= {"width": 1.4, "dash": DASHES[baselines % len(DASHES)]}
            baselines += 1
        traces.append(line(name if name in MODEL_COLOURS else baseline_label(name), errors, 1, style))
    return steps_figure(traces, "mean squared error", "steps ahead") if traces else None


def forecast_example(forecasts: Forecasts) -> Figure | None:
    """Context, truth, forecast and 80 % interval; step 0 is the last step of the context."""
    shown = forecasts.example
    if not (history := shown.get("history", ())) or not (predicted := shown.get("forecast", ())):
        return None
    truth, low, high = (shown.get(name, ()) for name in ("truth", "lower", "upper"))
    traces = [line("80 % interval, lower bound", low, 1, {"width": 0}, legend=False)] if low and high else []
    if traces:
        band = line("80 % interval", high, 1, {"width": 0})
        traces.append(band | {"fill": "tonexty", "fillcolor": "rgba(31,111,139,.2)"})
    traces.append(line("context", history, 1 - len(history), {"color": "var(--muted)", "width": 1.4}))
    traces.append(line("truth", truth, 1, {"color": "var(--muted)", "width": 1.4, "dash": "dot"}))
    traces.append(line("forecast", predicted, 1, {"color": "var(--accent)", "width": 2.4}))
    return steps_figure(traces, "value", "steps after the origin")


def line(name: str, values: Values, first: int, style: dict[str, object], legend: bool = True) -> Figure:
    """Values at consecutive steps from `first`."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [first + place for place in range(len(values))],
        "y": list(values),
        "name": escape(name),
        "line": style,
        "showlegend": legend,
        "hoverinfo": "text",
        "hovertext": [
            f"{escape(name)} {'missing' if value is None else format_number(value)}<br>step {first + place}"
            for place, value in enumerate(values)
        ],
    }


def steps_figure(traces: list[Figure], y: str, x: str) -> Figure:
    return {
        "data": traces,
        "layout": layout(
            340,
            xaxis=axis(x, showgrid=False, fixedrange=True),
            yaxis=axis(y, fixedrange=True),
            hovermode="closest",
            showlegend=True,
        ),
    }
