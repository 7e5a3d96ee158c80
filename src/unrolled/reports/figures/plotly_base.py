"""Records -> Plotly figures as plain dicts.

A colour `var(--name)` is a variable of the page's CSS, which the page fills in: light and dark share one figure.
"""

import html
import math
from collections.abc import Sequence

from unrolled.reports.narrative.comparison import Group, value
from unrolled.reports.narrative.formatting import called, figure, percent
from unrolled.reports.records import Study

Figure = dict[str, object]
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
ROW = 34  # pixels per bar
LABEL = 28  # characters beside a bar


def text(label: object) -> str:
    """Plotly reads a few HTML tags in its texts: data must never be read as such."""
    return html.escape(str(label), quote=False)


def shortened(label: str, length: int) -> str:
    """The two ends of a label that would leave no room for the figure."""
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
    """Models and baselines of one text as bars from zero, the lowest (best) on top."""
    models = [(value(run), run.name, "var(--accent)") for run in group.runs]
    baselines = [(x, called(name), "var(--bar)") for name, x in group.baselines.items() if math.isfinite(x)]
    rows = sorted(models + baselines, key=lambda row: (-row[0], row[1]))
    return bars([(x, label, figure(x), colour) for x, label, colour in rows])


def importance_bars(study: Study) -> Figure | None:
    """Share of the importance per hyper-parameter, the most important on top."""
    ranked = sorted(study.importance.items(), key=lambda item: (item[1], item[0]))
    return bars([(x, study.labels[name], percent(x), "var(--accent)") for name, x in ranked]) if ranked else None


def bars(rows: Sequence[tuple[float, str, str, str]]) -> Figure:
    """Horizontal bars from (length, label, written length, colour), the last on top; the writing stands beside them."""
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
        "hovertext": [f"{text(label)}: {written}" for _, label, written, _ in rows],
        "hoverinfo": "text",
        "width": 0.62,
    }
    labels = [text(shortened(label, LABEL)) for _, label, _, _ in rows]
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
