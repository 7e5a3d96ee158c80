"""Formatting of numbers, lists and names in sentences and tables.  NBSP keeps a number and its unit together."""

import math
from collections.abc import Sequence

NBSP = "\u00a0"
EQUAL = 0.0005  # relative difference below which two values count as equal
EQUAL_TEXT = f"0.05{NBSP}%"  # EQUAL as text
UNITS = {
    "bits_per_character": "bits per character",
    "perplexity": "perplexity",
    "nats_per_target": "nats per target",
    "mse": "mean squared error",
    "free_running_mse": "free-running mean squared error",
}
TEXTUAL = ("bits_per_character", "perplexity")  # metrics of text; the others are of other data
BASELINES = {
    "constant": "a constant",
    "memoryless": "a model without memory",
    "state at zero": "a state fixed at zero",
    "majority class": "the most frequent class",
    "TF-IDF logistic regression": "logistic regression on TF-IDF",
    "most frequent tag": "the most frequent tag",
    "most frequent tag of the word": "the most frequent tag of each word",
    "naive": "the last value repeated",
    "seasonal naive": "the last season repeated",
    "linear": "a linear map of the context",
    "naive2": "the last value, seasonally adjusted",
    "copy": "the source copied unchanged",
    "dictionary": "a dictionary of the training pairs",
}


def format_number(value: float) -> str:
    """Four significant digits: 1.740, 0.01235, 143.2, 1.235e+08."""
    if math.isnan(value):
        return "not a number"
    if math.isinf(value):
        return "infinite" if value > 0 else "minus infinite"
    if value == 0:
        return "0"
    if not 1e-3 <= abs(value) < 1e6:
        return f"{value:.3e}"
    return f"{value:,.{max(0, 3 - math.floor(math.log10(abs(value))))}f}"


def format_setting(value: object) -> str:
    """A hyper-parameter's value with four significant digits: 0.002, 256, tanh."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def format_percent(ratio: float) -> str:
    """The absolute value of a ratio in per cent: 0.0842 -> 8.4 %."""
    return f"{abs(ratio) * 100:,.1f}{NBSP}%"


def count_noun(count: int, noun: str) -> str:
    """1 run, 2 runs"""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listing(items: Sequence[str], last: str = "and") -> str:
    """a, b and c"""
    return f" {last} ".join([", ".join(items[:-1]), items[-1]] if len(items) > 1 else items)


def format_duration(seconds: float) -> str:
    """59 s, 2 min 5 s, 1 h 2 min"""
    if not math.isfinite(seconds):
        return "–"
    if seconds < 59.5:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def with_unit(value: float, metric: str) -> str:
    """1.740 bits per character; a perplexity of 143.2"""
    named = metric_unit(metric)
    is_rate = metric.startswith(("bits", "nats"))
    return f"{format_number(value)} {named}" if is_rate else f"{article(named)} {named} of {format_number(value)}"


def article(noun: str) -> str:
    """a perplexity, an error rate"""
    return "an" if noun[0] in "aeiou" else "a"


def metric_unit(metric: str) -> str:
    """bits per character, mean squared error"""
    return UNITS.get(metric, metric.replace("_", " "))


def data_kind(metric: str) -> str:
    """text or data, by metric."""
    return "text" if metric in TEXTUAL else "data"


def baseline_label(baseline: str) -> str:
    """A baseline's name in a sentence: n-grams take an article, trivial predictors are described."""
    return f"the {baseline}" if baseline.endswith("gram") else BASELINES.get(baseline, baseline)
