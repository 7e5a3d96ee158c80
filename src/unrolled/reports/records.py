"""Records of a report: plain data read from run and study folders; figures and text are pure functions of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from unrolled.trial_labels import short_labels

# Scores by class or language: {key in results.json: heading in the report}.
SCORE_COLUMNS = {
    "count": "sequences",
    "accuracy": "accuracy",
    "recall": "recall",
    "precision": "precision",
    "f1": "F1",
}


@dataclass(frozen=True)
class Curve:
    """One metric over optimizer steps, sorted by step; values may be nan or inf."""

    steps: tuple[int, ...] = ()
    values: tuple[float, ...] = ()

    @property
    def finite(self) -> list[tuple[int, float]]:
        return [(step, value) for step, value in zip(self.steps, self.values, strict=True) if math.isfinite(value)]


@dataclass(frozen=True)
class Sample:
    """Text that the model generated after a given prefix."""

    prefix: str
    continuation: str
    temperature: float | None


@dataclass(frozen=True)
class Forecasts:
    """Forecasts of a run and their errors; None is a missing number."""

    by_step: Mapping[str, Sequence[float | None]]  # mean squared error by step ahead, of the model and of baselines
    example: Mapping[str, Sequence[float | None]]  # history, truth, forecast, lower and upper bound of an 80 % interval


@dataclass(frozen=True)
class ClassResults:
    """Classification results; `scores` and `languages` are {class or language: {score: value}}."""

    names: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...] = ()  # rows: truth, columns: prediction; empty for multi-label data
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    languages: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Example:
    """One translation as tokens, with the attention weight of each source token at each step."""

    source: tuple[str, ...]
    truth: tuple[str, ...]
    translation: tuple[str, ...]
    attention: tuple[tuple[float, ...], ...] = ()  # one row per token of the translation, then one for the end token


@dataclass(frozen=True)
class Results:
    """Results of `unrolled test`: `metric` (lower is better) of the model and of each baseline on the same data."""

    split: str
    metric: str  # "bits_per_character", "perplexity", "nats_per_target", "mse" or "free_running_mse"
    value: float  # nan where the file has no value
    baselines: Mapping[str, float]
    sample: Sample | None
    forecasts: Forecasts | None = None
    classes: ClassResults | None = None
    examples: tuple[Example, ...] = ()
    scores: tuple[tuple[str, float, str], ...] = ()  # of translations: name, score, sacrebleu signature


@dataclass(frozen=True)
class Run:
    """One run folder. `problems` are sentences about missing or damaged files."""

    name: str
    folder: str
    recipe: Mapping[str, object] = field(default_factory=dict)
    environment: Mapping[str, object] = field(default_factory=dict)
    curves: Mapping[str, Curve] = field(default_factory=dict)
    results: Results | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Parameter:
    """One searched hyper-parameter with its range, or its choices if it is categorical."""

    name: str
    low: float = math.nan
    high: float = math.nan
    log: bool = False
    choices: tuple[object, ...] | None = None


@dataclass(frozen=True)
class Trial:
    """One trial. `state` is complete, pruned, failed, interrupted, running or waiting; `seconds` is its duration."""

    number: int
    state: str
    value: float = math.nan  # of the first objective; nan while there is none
    params: Mapping[str, object] = field(default_factory=dict)
    reported: Curve = Curve()
    seconds: float | None = None
    error: str | None = None


@dataclass(frozen=True)
class Study:
    """One study folder. `importance` sums to 1; if it is empty, `importance_absent` gives the reason."""

    name: str
    folder: str
    objective: str = "objective"
    maximize: bool = False
    sweep: Mapping[str, object] = field(default_factory=dict)
    trials: tuple[Trial, ...] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    importance: Mapping[str, float] = field(default_factory=dict)
    importance_absent: str = ""
    best_run: Run | None = None
    problems: tuple[str, ...] = ()

    def count(self, state: str) -> int:
        return sum(trial.state == state for trial in self.trials)

    @property
    def labels(self) -> dict[str, str]:
        """{dotted path of a hyper-parameter: its short label}."""
        return short_labels(self.parameters)

    @property
    def ranked(self) -> list[Trial]:
        """Completed trials with a finite value, best first; ties are sorted by number."""
        valued = [trial for trial in self.trials if trial.state == "complete" and math.isfinite(trial.value)]
        return sorted(valued, key=lambda trial: (-trial.value if self.maximize else trial.value, trial.number))


@dataclass(frozen=True)
class Report:
    """All content of one page."""

    name: str
    runs: tuple[Run, ...]
    studies: tuple[Study, ...]

    @property
    def all_runs(self) -> tuple[Run, ...]:
        """The given runs, then the best trial of each study if its folder exists."""
        given = {run.folder for run in self.runs}
        best = [study.best_run for study in self.studies if study.best_run]
        return self.runs + tuple(run for run in best if run.folder not in given)
