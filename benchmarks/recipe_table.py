"""Tables of docs/results/: a summary of each family for the index, and all metrics for the family's page."""

import math
import re
import statistics

from measured import Figure

from experiment import interval
from unrolled.config import catalog, recipe

# A table in a page: its name, and the lines that recipes.py replaces.
BLOCK = re.compile(
    r"(<!-- (?P<name>\w+ of \w+), written by benchmarks/recipes\.py -->\n).*?(<!-- end -->\n)", re.DOTALL
)


def family(name: str) -> str:
    """The family of a recipe's task, a package of `unrolled.tasks`; or synthetic, where its data are generated."""
    written = recipe.load(name)
    task = catalog.find("tasks", next(iter(written["task"]))).__module__.split(".")[2]
    data = catalog.find("data", written["data"]["class_path"]).__module__.split(".")[2]
    return data if data == "synthetic" and task != "translation" else task


def blocks(figures: list[Figure]) -> dict[str, str]:
    """Each table by its name: `summary of FAMILY` and `metrics of FAMILY`."""
    families: dict[str, list[Figure]] = {}
    for name in sorted({figure.recipe for figure in figures}):
        families.setdefault(family(name), []).extend(figure for figure in figures if figure.recipe == name)
    made = {f"summary of {name}": summary(measured) for name, measured in families.items()}
    return made | {f"metrics of {name}": table(measured) for name, measured in families.items()}


def page(text: str, tables: dict[str, str]) -> str:
    """The page with each of its tables written from the measurements."""
    return BLOCK.sub(lambda found: f"{found[1]}{tables[found['name']]}{found[3]}", text)


def summary(figures: list[Figure]) -> str:
    """Markdown: a row for each recipe with its primary metric and its best baseline.

    The better of the two is bold where the 95 % interval of the mean excludes the other.
    """
    rows = ["| recipe | on the test data | unrolled | best baseline | baseline |", "|---|---|---|---|---|"]
    for name in sorted({figure.recipe for figure in figures}):
        measured = [figure for figure in figures if figure.recipe == name]
        (metric,) = {figure.name for figure in measured if figure.kind == "metric"}
        values = [figure.value for figure in measured if figure.kind == "metric"]
        baseline, best = min(_means(measured, "baseline").items(), key=lambda item: item[1])
        mean, half = interval(values)
        half = 0.0 if math.isnan(half) else half
        ours, theirs = _rounded(mean, half) if len(values) > 1 else f"{mean:.4g} (1 seed)", f"{best:.4g}"
        ours, theirs = f"**{ours}**" if mean + half < best else ours, f"**{theirs}**" if mean - half > best else theirs
        link = f"[{name}](../../src/unrolled/recipes/{name}.yaml)"
        rows.append(f"| {link} | {metric.replace('_', ' ')} | {ours} | {theirs} | {baseline} |")
    return "\n".join(rows) + "\n"


def table(figures: list[Figure]) -> str:
    """Markdown: a row for each recipe and metric; the mean over the seeds ± half its 95 % interval, or the only one."""
    rows = [
        "| recipe | on the test data | unrolled | seeds | without a network | seconds |",
        "|---|---|---|---|---|---|",
    ]
    for name in sorted({figure.recipe for figure in figures}):
        measured = [figure for figure in figures if figure.recipe == name]
        seconds = statistics.median(figure.value for figure in measured if figure.kind == "seconds")
        for kind in ("metric", "beside"):
            for metric in sorted({figure.name for figure in measured if figure.kind == kind}):
                values = [figure.value for figure in measured if (figure.kind, figure.name) == (kind, metric)]
                reached = "{:.4g} ± {:.2g}".format(*interval(values)) if len(values) > 1 else f"{values[0]:.4g}"
                simple = _means(measured, "baseline" if kind == "metric" else f"baseline of {metric}")
                baselines = ", ".join(f"{baseline} {mean:.4g}" for baseline, mean in simple.items())
                cells = [name, metric.replace("_", " "), reached, f"{len(values)}", baselines]
                rows.append(f"| {' | '.join([*cells, f'{seconds:.0f}' if kind == 'metric' else ''])} |")
    return "\n".join(rows) + "\n"


def _means(figures: list[Figure], kind: str) -> dict[str, float]:
    """Each baseline's mean over the seeds."""
    names = sorted({figure.name for figure in figures if figure.kind == kind})
    return {n: statistics.fmean(f.value for f in figures if (f.kind, f.name) == (kind, n)) for n in names}


def _rounded(mean: float, half: float) -> str:
    """Both to two significant digits of `half`, without exponents."""
    digits = max(0, 1 - math.floor(math.log10(half))) if half else 0
    return f"{mean:.{digits}f} ± {half:.{digits}f}"
