"""Plotly figures as plain dicts: shared layout, axes and bar charts.

A colour `var(--name)` is a CSS variable that the page resolves, so that light and dark mode share one figure.
"""

import html
import math
from collections.abc import Sequence

from unrolled.reports.narrative.comparison import Group, measured_value
from unrolled.reports.narrative.formatting import baseline_label, format_number, format_percent
from unrolled.reports.records import Study

Figure = dict[str, object]
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
ROW = 34  # pixels per bar
LABEL = 28  # characters of a bar's label


def escape(label: object) -> str:
    """Escape HTML: Plotly interprets some tags in its texts."""
    return html.escape(str(label), quote=False)


def shortened(label: str, length: int) -> str:
    """A long label with its middle replaced by an ellipsis."""
    return label if len(label) <= length else f"{label[: length // 2]}…{label[-(length // 2 - 1) :]}"


def layout(height: int, **more: object) -> Figure:
    return {
        "height": height,
        "autosize": True,
        "margin": {"l": 56, "r": 16, "t": 12, "b": 44},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 13, "color": "var(--ink)"},
        "hoverlabel": {"bgcolor": "var(--paper)", "bordercolor": "var(--rule)", "font": {"color": "var(--ink)"}},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom", "font": {"color": "var(--muted)"}},
        "dragmode": False,
        **more,
    }


def axis(title: str = "", **more: object) -> Figure:
    return {
        "title": {"text": title, "font": {"size": 13, "color": "var(--muted)"}, "standoff": 10},
        "tickfont": {"color": "var(--muted)"},
        "gridcolor": "var(--rule)",
        "zeroline": False,
        "automargin": True,
        **more,
    }


def results_bars(group: Group) -> Figure:
    """Models and baselines of one group as bars, the lowest (best) on top."""
    models = [(measured_value(run), run.name, "var(--accent)") for run in group.runs]
    baselines = [(x, baseline_label(name), "var(--bar)") for name, x in group.baselines.items() if math.isfinite(x)]
    rows = sorted(models + baselines, key=lambda row: (-row[0], row[1]))
    return bars([(x, label, format_number(x), colour) for x, label, colour in rows])


def importance_bars(study: Study) -> Figure | None:
    """Importance of each hyper-parameter, the most important on top."""
    ranked = sorted(study.importance.items(), key=lambda item: (item[1], item[0]))
    return bars([(x, study.labels[name], format_percent(x), "var(--accent)") for name, x in ranked]) if ranked else None


def bars(rows: Sequence[tuple[float, str, str, str]]) -> Figure:
    """Horizontal bars from (length, label, displayed length, colour), the last on top."""
    places = list(range(len(rows)))
    trace: Figure = {
        "type": "bar",
        "orientation": "h",
        "x": [x for x, _, _, _ in rows],
        "y": places,
        "text": [written for _, _, written, _ in rows],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": [colour for _, _, _, colour in rows]},
        "hovertext": [f"{escape(label)}: {written}" for _, label, written, _ in rows],
        "hoverinfo": "text",
        "width": 0.62,
    }
    labels = [escape(shortened(label, LABEL)) for _, label, _, _ in rows]
    rungs = axis(showgrid=False, fixedrange=True, tickmode="array", tickvals=places, ticktext=labels)
    rungs |= {"ticks": "outside", "ticklen": 6, "tickcolor": "rgba(0,0,0,0)", "tickfont": {"color": "var(--ink)"}}
    return {
        "data": [trace],
        "layout": layout(
            ROW * len(rows) + 20,
            margin={"l": 8, "r": 64, "t": 6, "b": 6},
            xaxis=axis(visible=False, rangemode="tozero", fixedrange=True),
            yaxis=rungs,
            showlegend=False,
        ),
    }
