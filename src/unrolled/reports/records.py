"""What a report knows, as plain data: files are turned into these once, everything after is pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from unrolled.trial_labels import labels


@dataclass(frozen=True)
class Curve:
    """One metric over optimiser steps, in the order of the steps; values may be nan or inf."""

    steps: tuple[int, ...] = ()
    values: tuple[float, ...] = ()

    @property
    def finite(self) -> list[tuple[int, float]]:
        return [(step, value) for step, value in zip(self.steps, self.values, strict=True) if math.isfinite(value)]


@dataclass(frozen=True)
class Sample:
    """Text that the model wrote after a prefix that it was given."""

    prefix: str
    continuation: str
    temperature: float | None


@dataclass(frozen=True)
class Forecasts:
    """How forecasts of a run turned out; None is a number that is missing."""

    by_step: Mapping[str, Sequence[float | None]]  # mean squared error of each step ahead: of the model, of baselines
    example: Mapping[str, Sequence[float | None]]  # history, truth, forecast, lower and upper end of an 80 % interval


@dataclass(frozen=True)
class Told:
    """How well each class was told; `scores` and `languages` hold numbers by name of each class, or language."""

    names: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...] = ()  # truth down, told across; empty of several labels a sequence
    scores: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    languages: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Example:
    """One translation, token by token, and how much each of its steps looked at each source token."""

    source: tuple[str, ...]
    truth: tuple[str, ...]
    translation: tuple[str, ...]
    attention: tuple[tuple[float, ...], ...] = ()  # a row for each token of the translation, then one for its end


@dataclass(frozen=True)
class Results:
    """The figures of `unrolled test`: `metric` (lower is better) of the model and of each baseline on the same data."""

    split: str
    metric: str  # "bits_per_character", "perplexity", "nats_per_target", "mse" or "free_running_mse"
    value: float  # nan where the file holds none
    baselines: Mapping[str, float]
    sample: Sample | None
    forecasts: Forecasts | None = None
    told: Told | None = None
    examples: tuple[Example, ...] = ()
    scores: tuple[tuple[str, float, str], ...] = ()  # of translations: name, figure, sacrebleu's signature


@dataclass(frozen=True)
class Run:
    """One run's folder. `problems` are sentences about what is missing or damaged."""

    name: str
    folder: str
    recipe: Mapping[str, object] = field(default_factory=dict)
    environment: Mapping[str, object] = field(default_factory=dict)
    curves: Mapping[str, Curve] = field(default_factory=dict)
    results: Results | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Parameter:
    """One searched hyper-parameter and its range, or its choices when it is categorical."""

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
    """One study's folder. `importance` sums to 1; when it is empty, `importance_absent` says why."""

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
        """What each hyper-parameter is called."""
        return labels(self.parameters)

    @property
    def ranked(self) -> list[Trial]:
        """Completed trials with a finite value, the best first (the earlier one of equals)."""
        valued = [trial for trial in self.trials if trial.state == "complete" and math.isfinite(trial.value)]
        return sorted(valued, key=lambda trial: (-trial.value if self.maximize else trial.value, trial.number))


@dataclass(frozen=True)
class Report:
    """Everything one page shows."""

    name: str
    runs: tuple[Run, ...]
    studies: tuple[Study, ...]

    @property
    def all_runs(self) -> tuple[Run, ...]:
        """The given runs, then the best trial of each study where its folder is there."""
        given = {run.folder for run in self.runs}
        best = [study.best_run for study in self.studies if study.best_run]
        return self.runs + tuple(run for run in best if run.folder not in given)
