"""The `# Result:` line of a shipped recipe, from its measurements."""

import re
import statistics
from collections.abc import Sequence

from measured import Figure

LINE = re.compile(r"^# Result: .*$", re.MULTILINE)
ALSO = ("bleu",)  # shown with the primary metric, where it was measured


def headline(figures: Sequence[Figure]) -> str:
    """A comment from one recipe's lines of results.csv: means over its seeds, the best baseline's mean, time."""

    def mean(kind: str, name: str) -> float:
        return statistics.fmean(figure.value for figure in figures if (figure.kind, figure.name) == (kind, name))

    def named(kind: str) -> list[str]:
        return sorted({figure.name for figure in figures if figure.kind == kind})

    (metric,) = named("metric")
    text = f"{_words(metric)} {mean('metric', metric):.4g}"
    if simple := [(mean("baseline", name), name) for name in named("baseline")]:
        text += " ({1} {0:.4g})".format(*min(simple))
    text += "".join(f", {_words(name)} {mean('beside', name):.4g}" for name in ALSO if name in named("beside"))
    seconds = statistics.median(figure.value for figure in figures if figure.kind == "seconds")
    seeds = len({figure.seed for figure in figures})
    return f"# Result: {text} on the test data; {seconds:.0f} s on one core; {seeds} seed{'' if seeds == 1 else 's'}."


def opened(text: str, line: str) -> str:
    """The recipe with `line` in place of its only `# Result:` line."""
    changed, count = LINE.subn(lambda _: line, text)
    assert count == 1, f"expected one line that starts with '# Result: ', got {count}"
    return changed


def _words(name: str) -> str:
    return name.replace("_", " ")
