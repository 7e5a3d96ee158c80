"""Forecasts as figures: how the error grows over the horizon, and one forecast beside what came."""

from collections.abc import Sequence

from unrolled.reports.figures.plotly_base import Figure, axis, layout, text
from unrolled.reports.narrative.formatting import called, figure
from unrolled.reports.records import Forecasts

Values = Sequence[float | None]  # None is a gap
TOLD = {"free running": "var(--accent)", "teacher forced": "var(--warm)", "model": "var(--accent)"}
DASHES = ("solid", "dash", "dot", "dashdot")  # of baselines, in grey


def error_by_step(forecasts: Forecasts) -> Figure | None:
    """The mean squared error of each step ahead: the model's, and those of baselines in grey."""
    traces, baselines = [], 0
    for name, errors in forecasts.by_step.items():
        style: dict[str, object] = {"color": TOLD.get(name, "var(--muted)"), "width": 2.4}
        if name not in TOLD:
            style |= {"width": 1.4, "dash": DASHES[baselines % len(DASHES)]}
            baselines += 1
        traces.append(line(name if name in TOLD else called(name), errors, 1, style))
    return steps(traces, "mean squared error", "steps ahead") if traces else None


def example(forecasts: Forecasts) -> Figure | None:
    """What was read, what came, what was expected, and the 80 % interval; step 0 is the last that was read."""
    shown = forecasts.example
    if not (read := shown.get("history", ())) or not (told := shown.get("forecast", ())):
        return None
    truth, low, high = (shown.get(name, ()) for name in ("truth", "lower", "upper"))
    traces = [line("80 % interval, lower end", low, 1, {"width": 0}, legend=False)] if low and high else []
    if traces:
        band = line("80 % interval", high, 1, {"width": 0})
        traces.append(band | {"fill": "tonexty", "fillcolor": "rgba(31,111,139,.2)"})
    traces.append(line("what was read", read, 1 - len(read), {"color": "var(--muted)", "width": 1.4}))
    traces.append(line("what came", truth, 1, {"color": "var(--muted)", "width": 1.4, "dash": "dot"}))
    traces.append(line("forecast", told, 1, {"color": "var(--accent)", "width": 2.4}))
    return steps(traces, "value", "steps after the origin")


def line(name: str, values: Values, first: int, style: dict[str, object], legend: bool = True) -> Figure:
    """Values at consecutive steps from `first`."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [first + place for place in range(len(values))],
        "y": list(values),
        "name": text(name),
        "line": style,
        "showlegend": legend,
        "hoverinfo": "text",
        "hovertext": [
            f"{text(name)} {'missing' if value is None else figure(value)}<br>step {first + place}"
            for place, value in enumerate(values)
        ],
    }


def steps(traces: list[Figure], y: str, x: str) -> Figure:
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
