"""The table of docs/results.md, from what was measured."""

import statistics

from measured import DOCS, Figure

from experiment import interval

PAGE = DOCS / "results.md"
BEGIN, END = "<!-- benchmarks/recipes.py writes from here -->\n", "<!-- to here -->\n"


def table(figures: list[Figure]) -> str:
    """Markdown: a row for each recipe and metric; the mean over the seeds ± half its 95 % interval, or the only one."""
    rows = [
        "| recipe | on the test data | unrolled | seeds | without a network | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for name in sorted({figure.recipe for figure in figures}):
        own = [figure for figure in figures if figure.recipe == name]
        seconds = statistics.median(figure.value for figure in own if figure.kind == "seconds")
        for kind in ("metric", "beside"):
            for metric in sorted({figure.name for figure in own if figure.kind == kind}):
                values = [figure.value for figure in own if (figure.kind, figure.name) == (kind, metric)]
                told = "{:.4g} ± {:.2g}".format(*interval(values)) if len(values) > 1 else f"{values[0]:.4g}"
                simple = baselines(own, "baseline" if kind == "metric" else f"baseline of {metric}")
                cells = [name, metric.replace("_", " "), told, f"{len(values)}", simple]
                rows.append(f"| {' | '.join([*cells, f'{seconds:.0f}' if kind == 'metric' else ''])} |")
    return "\n".join(rows) + "\n"


def baselines(figures: list[Figure], kind: str) -> str:
    """Each baseline's mean over the seeds."""
    names = sorted({figure.name for figure in figures if figure.kind == kind})
    found = {n: [figure.value for figure in figures if (figure.kind, figure.name) == (kind, n)] for n in names}
    return ", ".join(f"{name} {statistics.fmean(values):.4g}" for name, values in found.items())


def page(text: str, figures: list[Figure]) -> str:
    """The page with the table between its two marks."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}{table(figures)}{END}{rest.split(END)[1]}"
