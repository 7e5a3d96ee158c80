"""Forecasts as one SVG file: per series a panel with context, forecast and interval."""

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from unrolled.reports.narrative.formatting import format_number

WIDTH, HEIGHT = 760, 200  # pixels of a panel
LEFT, RIGHT, TOP, BOTTOM = 70, 16, 30, 26
PANELS = 12  # most series drawn; the table has all of them
STYLE = """
  svg { background: #fdfcf9; font: 13px system-ui, sans-serif; }
  text { fill: #6b6f76; } .title { fill: #23262b; font-weight: 600; }
  .history { stroke: #6b6f76; } .forecast { stroke: #1f6f8b; stroke-width: 2; } .band { fill: #1f6f8b; opacity: .2; }
  .rule { stroke: #b9b6ae; stroke-dasharray: 3 3; } polyline { fill: none; stroke-width: 1.3; stroke-linecap: round; }
"""


@dataclass(frozen=True)
class Panel:
    """One series: context, forecast mean and, if available, the 80 % interval of each step ahead."""

    title: str
    history: Sequence[float]
    times: Sequence[str]
    mean: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()


def svg(panels: Sequence[Panel]) -> str:
    """The first `PANELS` panels, stacked vertically."""
    drawn = panels[:PANELS]
    bodies = [f'<g transform="translate(0 {HEIGHT * place})">{panel(one)}</g>' for place, one in enumerate(drawn)]
    size = f'width="{WIDTH}" height="{HEIGHT * len(drawn)}" viewBox="0 0 {WIDTH} {HEIGHT * len(drawn)}"'
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {size}>', f"<style>{STYLE}</style>", *bodies, "</svg>"])


def finite_runs(values: Sequence[float]) -> list[tuple[int, list[float]]]:
    """Runs of consecutive finite numbers, each with its first step."""
    places = groupby(range(len(values)), lambda step: math.isfinite(values[step]))
    found = [[*run] for finite, run in places if finite]
    return [(run[0], [values[step] for step in run]) for run in found]


def panel(one: Panel) -> str:
    """SVG elements of one series, scaled to its value range; values that are not finite are skipped."""
    finite = [x for x in (*one.history, *one.mean, *one.low, *one.high) if math.isfinite(x)] or [0.0]
    low, high = min(finite), max(finite)
    steps = max(1, len(one.history) + len(one.mean) - 1)

    def points(values: Sequence[float], begin: int) -> list[str]:
        return [
            f"{LEFT + (WIDTH - LEFT - RIGHT) * (begin + step) / steps:.1f},"
            f"{TOP + (HEIGHT - TOP - BOTTOM) * ((high - x) / (high - low) if high > low else 0.5):.1f}"
            for step, x in enumerate(values)
            if math.isfinite(x)
        ]

    origin = len(one.history)
    edge = points([low], max(0, origin - 1))[0].partition(",")[0]
    band = " ".join(points(one.high, origin) + points(one.low, origin)[::-1])
    joined = " ".join(points(one.history[-1:], origin - 1) + points(one.mean, origin))
    seen = [points(run, begin) for begin, run in finite_runs(one.history)]
    parts = [
        f'<text class="title" x="{LEFT}" y="18">{html.escape(one.title)}</text>',
        f'<text x="{LEFT - 8}" y="{TOP + 8}" text-anchor="end">{format_number(high)}</text>',
        f'<text x="{LEFT - 8}" y="{HEIGHT - BOTTOM}" text-anchor="end">{format_number(low)}</text>',
        f'<text x="{WIDTH - RIGHT}" y="{HEIGHT - 6}" text-anchor="end">{html.escape(one.times[-1])}</text>',
        f'<line class="rule" x1="{edge}" x2="{edge}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>',
        f'<polygon class="band" points="{band}"/>' if band else "",
        # A single point is repeated: the round caps of a zero-length line draw a dot.
        *(f'<polyline class="history" points="{" ".join(run if run[1:] else run * 2)}"/>' for run in seen),
        f'<polyline class="forecast" points="{joined}"/>',
    ]
    return "".join(parts)
