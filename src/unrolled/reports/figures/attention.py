"""Attention maps of translations as heat maps."""

from collections.abc import Iterable

from unrolled.reports.figures.plotly_base import Figure, axis, escape, layout, shortened
from unrolled.reports.records import Example, Run

CELL = 26  # pixels of a row
TOKEN = 16  # characters of a token's label
SHOWN = 60  # most tokens per side; more leave no room for labels
WORD_START = "\u2581"  # marks a subword that begins a word


def runs_with_examples(runs: Iterable[Run]) -> list[tuple[Run, tuple[Example, ...]]]:
    """The runs with example translations, and their examples."""
    return [(run, run.results.examples) for run in runs if run.results and run.results.examples]


def sentence(tokens: tuple[str, ...]) -> str:
    """Tokens as plain text: subwords are joined to words."""
    if any(WORD_START in token for token in tokens):
        return "".join(tokens).replace(WORD_START, " ").strip()
    return " ".join(tokens)


def attention_map(example: Example) -> Figure | None:
    """Source tokens as columns, output tokens as rows, darker for larger weights; None without weights."""
    if not example.attention or not 0 < len(example.source) <= SHOWN or len(example.attention) > SHOWN:
        return None
    outputs = (*example.translation, "(end)")[: len(example.attention)]  # a truncated translation has no end token
    hover = [
        [f"{escape(word)} attends to {escape(token)}: {w:.2f}" for token, w in zip(example.source, row, strict=True)]
        for word, row in zip(outputs, example.attention, strict=True)
    ]
    trace: Figure = {
        "type": "heatmap",
        "z": [list(row) for row in example.attention],
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, "var(--paper)"], [1, "var(--accent)"]],
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "hovertext": hover,
        "hoverinfo": "text",
    }
    return {
        "data": [trace],
        "layout": layout(
            CELL * len(outputs) + 90,
            margin={"l": 8, "r": 8, "t": 6, "b": 6},
            xaxis=tokens_axis(example.source, side="top", tickangle=-45),
            yaxis=tokens_axis(outputs, autorange="reversed"),
            showlegend=False,
        ),
    }


def tokens_axis(tokens: tuple[str, ...], **more: object) -> Figure:
    """An axis with one tick per token; repeated tokens get separate ticks."""
    labels = [escape(shortened(token, TOKEN)) for token in tokens]
    places = list(range(len(labels)))
    return axis(showgrid=False, fixedrange=True, tickmode="array", tickvals=places, ticktext=labels) | more
