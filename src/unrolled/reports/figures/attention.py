"""Translations of a run: read from results.json, and where each step looked as a figure."""

import math
from collections.abc import Iterable, Mapping

from unrolled.reports.figures.plotly_base import Figure, axis, layout, shortened, text
from unrolled.reports.records import Example, Run

CELL = 26  # pixels of a row
TOKEN = 16  # characters of a token beside the figure
SHOWN = 60  # tokens of a side; more of them leave no room for labels
BLANK = "\u2581"  # how a subword marks that a word begins


def read_examples(content: Mapping[str, object]) -> tuple[Example, ...]:
    """The `examples` of results.json; what is no example, or has weights of another shape, is left out."""
    listed = content.get("examples")
    return tuple(made for one in (listed if isinstance(listed, list) else []) if (made := read_example(one)))


def read_example(content: object) -> Example | None:
    """One of them, or None."""
    if not isinstance(content, dict):
        return None
    sides = [content.get(name) for name in ("source", "truth", "translation")]
    if not all(isinstance(side, list) and all(isinstance(token, str) for token in side) for side in sides):
        return None
    source, truth, translation = (tuple(side or ()) for side in sides)
    weights = content.get("attention", [])
    if not isinstance(weights, list) or not all(isinstance(row, list) for row in weights):
        return None
    fitting = len(weights) in (0, len(translation), len(translation) + 1)
    fitting = fitting and all(len(row) == len(source) for row in weights)
    if not fitting or not all(isinstance(w, int | float) and math.isfinite(w) for row in weights for w in row):
        return None
    return Example(source, truth, translation, tuple(map(tuple, weights)))


def read_scores(content: Mapping[str, object], split: str) -> tuple[tuple[str, float, str], ...]:
    """BLEU and chrF of results.json with what tells how they were counted; nothing where either is missing."""
    metrics, signatures = content.get("metrics"), content.get("signatures")
    if not isinstance(metrics, dict) or not isinstance(signatures, dict):
        return ()
    found = [(name, metrics.get(f"{split}/{name.lower()}"), signatures.get(name.lower())) for name in ("BLEU", "chrF")]
    return tuple((name, float(x), sign) for name, x, sign in found if isinstance(x, float) and isinstance(sign, str))


def told(runs: Iterable[Run]) -> list[tuple[Run, tuple[Example, ...]]]:
    """The runs that have translations, and these."""
    return [(run, run.results.examples) for run in runs if run.results and run.results.examples]


def sentence(tokens: tuple[str, ...]) -> str:
    """Tokens as one reads them: subwords are joined to words."""
    if any(BLANK in token for token in tokens):
        return "".join(tokens).replace(BLANK, " ").strip()
    return " ".join(tokens)


def attention_map(example: Example) -> Figure | None:
    """Source tokens across, said tokens down, the darker the more a step looked there; None without weights."""
    if not example.attention or not 0 < len(example.source) <= SHOWN or len(example.attention) > SHOWN:
        return None
    said = (*example.translation, "(end)")[: len(example.attention)]  # cut off, it has no end
    looks = [
        [f"{text(word)} looks at {text(read)}: {w:.2f}" for read, w in zip(example.source, row, strict=True)]
        for word, row in zip(said, example.attention, strict=True)
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
        "hovertext": looks,
        "hoverinfo": "text",
    }
    return {
        "data": [trace],
        "layout": layout(
            CELL * len(said) + 90,
            margin={"l": 8, "r": 8, "t": 6, "b": 6},
            xaxis=tokens_axis(example.source, side="top", tickangle=-45),
            yaxis=tokens_axis(said, autorange="reversed"),
            showlegend=False,
        ),
    }


def tokens_axis(tokens: tuple[str, ...], **more: object) -> Figure:
    """A tick for each token; equal tokens have places of their own."""
    labels = [text(shortened(token, TOKEN)) for token in tokens]
    places = list(range(len(labels)))
    return axis(showgrid=False, fixedrange=True, tickmode="array", tickvals=places, ticktext=labels) | more
