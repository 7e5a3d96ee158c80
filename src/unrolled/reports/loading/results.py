"""results.json of a forecaster -> `Forecasts`; odd content is left out, never an error."""

import math
from collections.abc import Mapping

from unrolled.reports.records import Forecasts

MODEL = {"free_running_mse": "free running", "teacher_forced_mse": "teacher forced", "mse": "model"}
EXAMPLE = ("history", "truth", "forecast", "lower", "upper")


def read_forecasts(content: Mapping[str, object]) -> Forecasts | None:
    """Errors by step of the model and of its baselines, and an example; None where there are none."""
    rows, baselines, shown = (content.get(name) for name in ("by_horizon", "baseline_errors", "example"))
    by_step: dict[str, tuple[float | None, ...]] = {}
    for metric, name in MODEL.items():
        found = [row.get(metric) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        by_step[name] = numbers(found)
    for name, errors in baselines.items() if isinstance(baselines, dict) else ():
        by_step[str(name)] = numbers(errors.get("by_horizon") if isinstance(errors, dict) else None)
    by_step = {name: values for name, values in by_step.items() if any(value is not None for value in values)}
    kept = {name: numbers(shown.get(name)) for name in EXAMPLE} if isinstance(shown, dict) else {}
    example = {name: values for name, values in kept.items() if values}
    return Forecasts(by_step, example) if by_step or example else None


def numbers(values: object) -> tuple[float | None, ...]:
    """Finite numbers, and None for all else; () for what is no list."""
    if not isinstance(values, list):
        return ()
    return tuple(value if math.isfinite(value) else None for value in map(number, values))


def number(value: object) -> float:
    """nan for everything that is not a number (JSON's null, text, booleans)."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
