"""Parts of results.json -> records.  Malformed content is skipped and never raises."""

import math
from collections.abc import Mapping
from typing import TypeGuard

from unrolled.reports.records import SCORE_COLUMNS, ClassResults, Example, Forecasts

MODEL = {"free_running_mse": "free running", "teacher_forced_mse": "teacher forced", "mse": "model"}
EXAMPLE = ("history", "truth", "forecast", "lower", "upper")


def read_forecasts(content: Mapping[str, object]) -> Forecasts | None:
    """Errors by step of the model and of its baselines, and an example; None where there are none."""
    rows, baselines, shown = (content.get(name) for name in ("by_horizon", "baseline_errors", "example"))
    by_step: dict[str, tuple[float | None, ...]] = {}
    for metric, name in MODEL.items():
        found = [row.get(metric) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        by_step[name] = finite_or_none(found)
    for name, errors in baselines.items() if isinstance(baselines, dict) else ():
        by_step[str(name)] = finite_or_none(errors.get("by_horizon") if isinstance(errors, dict) else None)
    by_step = {name: values for name, values in by_step.items() if any(value is not None for value in values)}
    kept = {name: finite_or_none(shown.get(name)) for name in EXAMPLE} if isinstance(shown, dict) else {}
    example = {name: values for name, values in kept.items() if values}
    return Forecasts(by_step, example) if by_step or example else None


def read_classes(content: Mapping[str, object]) -> ClassResults | None:
    """Confusion matrix and scores by class and language; None without valid class names."""
    names, counts = content.get("classes"), content.get("confusion")
    if not isinstance(names, list) or not names:
        return None
    rows = counts if isinstance(counts, list) else []
    valid = all(isinstance(row, list) and len(row) == len(names) and all(map(_is_count, row)) for row in rows)
    square = tuple(map(tuple, rows)) if valid and len(rows) == len(names) else ()
    scores, languages = (_read_class_scores(content.get(key)) for key in ("by_class", "by_language"))
    return ClassResults(tuple(map(str, names)), square, scores, languages)


def read_examples(content: Mapping[str, object]) -> tuple[Example, ...]:
    """The `examples` of a translation run; malformed ones, or those with weights of another shape, are skipped."""
    listed = content.get("examples")
    return tuple(made for one in (listed if isinstance(listed, list) else []) if (made := read_example(one)))


def read_example(content: object) -> Example | None:
    """One example, or None where it is malformed."""
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


def read_translation_scores(content: Mapping[str, object], split: str) -> tuple[tuple[str, float, str], ...]:
    """(name, score, sacrebleu signature) of BLEU and chrF, where both score and signature are present."""
    metrics, signatures = content.get("metrics"), content.get("signatures")
    if not isinstance(metrics, dict) or not isinstance(signatures, dict):
        return ()
    found = [(name, metrics.get(f"{split}/{name.lower()}"), signatures.get(name.lower())) for name in ("BLEU", "chrF")]
    return tuple((name, float(x), sign) for name, x, sign in found if isinstance(x, float) and isinstance(sign, str))


def to_number(value: object) -> float:
    """nan for everything that is not a number (JSON's null, text, booleans)."""
    return float(value) if _is_number(value) else math.nan


def finite_or_none(values: object) -> tuple[float | None, ...]:
    """Finite numbers, with None in place of everything else; () where `values` is not a list."""
    if not isinstance(values, list):
        return ()
    return tuple(value if math.isfinite(value) else None for value in map(to_number, values))


def _read_class_scores(content: object) -> dict[str, dict[str, float]]:
    """{class or language: {score: value}}; unknown scores and values that are not numbers are dropped."""
    return {
        str(name): {key: to_number(value) for key, value in row.items() if key in SCORE_COLUMNS and _is_number(value)}
        for name, row in (content.items() if isinstance(content, dict) else ())
        if isinstance(row, dict)
    }


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
