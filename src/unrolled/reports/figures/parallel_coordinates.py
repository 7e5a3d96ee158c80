"""Parallel coordinates: one line per trial across its hyper-parameters to the objective, without WebGL."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from unrolled.reports.figures.plotly_base import Figure, escape, layout, shortened
from unrolled.reports.narrative.formatting import format_number, format_setting
from unrolled.reports.records import Parameter, Study, Trial

RANKS = 5  # --rank-1 (best fifth of the completed trials) ... --rank-5 of the page's CSS
AXIS_PIXELS = 120  # the figure is at least this wide per axis
LABEL = 18  # characters above an axis


@dataclass(frozen=True)
class Scale:
    """One vertical axis: the position of a value between 0 and 1, and the tick labels."""

    label: str
    place: Callable[[object], float | None]
    ticks: Sequence[tuple[float, str]]


def scale(label: str, parameter: Parameter, seen: Sequence[object]) -> Scale:
    """A categorical axis has one position per choice; a numeric axis spans the search range and all tried values."""
    numbers = [float(value) for value in seen if isinstance(value, int | float)]
    if parameter.choices is not None or len(numbers) < len(seen) or not numbers:
        return categorical(label, [*(parameter.choices or ()), *seen])
    bounds = [bound for bound in (parameter.low, parameter.high) if math.isfinite(bound)]
    low, high = min(numbers + bounds), max(numbers + bounds)
    log = parameter.log and low > 0
    start, end = (math.log(low), math.log(high)) if log else (low, high)

    def place(value: object) -> float | None:
        if not isinstance(value, int | float) or not math.isfinite(value):
            return None
        return ((math.log(value) if log else value) - start) / (end - start) if end > start else 0.5

    middle = math.sqrt(low * high) if log else (low + high) / 2
    ticks = [(0.0, low), (0.5, middle), (1.0, high)] if end > start else [(0.5, low)]
    return Scale(label, place, [(at, f"{value:.3g}") for at, value in ticks])


def categorical(label: str, values: Sequence[object]) -> Scale:
    names = list(dict.fromkeys(map(format_setting, values)))
    places = {name: index / (len(names) - 1) if len(names) > 1 else 0.5 for index, name in enumerate(names)}
    return Scale(label, lambda value: places.get(format_setting(value)), [(at, name) for name, at in places.items()])


def parallel_coordinates(study: Study) -> Figure | None:
    """One line per completed or pruned trial; None without a completed trial or a hyper-parameter."""
    ranked, names = study.ranked, list(study.parameters)
    if not ranked or not names:
        return None
    pruned = [trial for trial in study.trials if trial.state == "pruned"]
    drawn = ranked + pruned
    tried = {name: [trial.params[name] for trial in drawn if name in trial.params] for name in names}
    scales = [scale(study.labels[name], study.parameters[name], tried[name]) for name in names]
    scales.append(scale(study.objective, Parameter(study.objective), [trial.value for trial in ranked]))

    def line(trials: Sequence[Trial], name: str, colour: str, width: float) -> Figure:
        x: list[float | None] = []
        y: list[float | None] = []
        hover: list[str] = []
        for trial in trials:
            values = [*(trial.params.get(key, math.nan) for key in names), trial.value]
            x += [*range(len(scales)), None]
            y += [*(one.place(value) for one, value in zip(scales, values, strict=True)), None]
            hover += [hover_text(study, trial)] * len(scales) + [""]
        look: Figure = {"name": name, "line": {"color": colour, "width": width}, "marker": {"size": width + 3}}
        shape: Figure = {"type": "scatter", "mode": "lines+markers", "x": x, "y": y}
        return {**shape, **look, "hovertext": hover, "hoverinfo": "text"}

    fifths: list[list[Trial]] = [[] for _ in range(RANKS)]
    for index, trial in enumerate(ranked[1:], start=1):
        fifths[index * RANKS // len(ranked)].append(trial)
    traces = [line(pruned, "pruned", "var(--faint)", 0.8)] if pruned else []
    for rank in range(RANKS, 0, -1):
        if fifths[rank - 1]:
            traces.append(line(fifths[rank - 1], f"fifth {rank}", f"var(--rank-{rank})", 1.6))
    traces.append(line(ranked[:1], f"best: trial {ranked[0].number}", "var(--warm)", 3.2))
    return {"data": traces, "layout": axes_layout(scales)}


def hover_text(study: Study, trial: Trial) -> str:
    """Hover text of a trial: its hyper-parameters and its value or state."""
    chosen = [f"{study.labels[name]} {format_setting(value)}" for name, value in trial.params.items()]
    end = f"{study.objective} {format_number(trial.value)}" if trial.state == "complete" else trial.state
    return "<br>".join(map(escape, [f"trial {trial.number}", *chosen, end]))


def axes_layout(scales: Sequence[Scale]) -> Figure:
    """Layout with the vertical axes, their names above and their tick labels to the right."""
    rule = {"type": "line", "y0": 0, "y1": 1, "layer": "below", "line": {"color": "var(--axis)", "width": 1}}
    rules = [{**rule, "x0": i, "x1": i} for i in range(len(scales))]
    common = {"showarrow": False, "xref": "x", "yref": "y"}
    names = [
        {
            **common,
            "x": i,
            "y": 1,
            "yshift": 26,
            "text": f"<b>{escape(shortened(one.label, LABEL))}</b>",
            "font": {"size": 12},
        }
        for i, one in enumerate(scales)
    ]
    tick = {**common, "font": {"size": 11, "color": "var(--muted)"}, "xanchor": "left", "xshift": 7}
    ticks = [
        {**tick, "x": i, "y": at, "text": escape(written), "bgcolor": "var(--veil)"}
        for i, one in enumerate(scales)
        for at, written in one.ticks
    ]
    hidden = {"visible": False, "fixedrange": True}
    return layout(
        360,
        margin={"l": 30, "r": 48, "t": 44, "b": 16},
        xaxis={**hidden, "range": [-0.25, len(scales) - 0.65]},
        yaxis={**hidden, "range": [-0.04, 1.02]},
        shapes=rules,
        annotations=names + ticks,
        showlegend=False,
        hovermode="closest",
    )
