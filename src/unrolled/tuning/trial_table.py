"""Trials of a study in the terminal: a live table, or one line per finished trial."""

from collections.abc import Sequence
from datetime import datetime
from types import TracebackType
from typing import Protocol

import optuna
from optuna.trial import FrozenTrial, TrialState
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.live import Live
from rich.table import Column, Table
from rich.text import Text

from unrolled.trial_labels import short_labels, state_label
from unrolled.tuning.budget import count_finished

STYLES = {
    TrialState.COMPLETE: "green",
    TrialState.PRUNED: "yellow",
    TrialState.FAIL: "red",
    TrialState.RUNNING: "cyan",
    TrialState.WAITING: "dim",
}
FRAME = 7  # lines of a screen without trials: title, header, rule, best trial, command


class View(Protocol):
    """A view of a study while its trials run."""

    def update(self, trials: Sequence[FrozenTrial]) -> None: ...

    def __enter__(self) -> "View": ...

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None: ...


def open_view(console: Console, study: optuna.Study, metric: str, paths: Sequence[str], wanted: int) -> View:
    """A live table on a terminal, plain lines otherwise."""
    kind = LiveTable if console.is_terminal else Lines
    return kind(console, study, metric, short_labels(paths), wanted)


class LiveTable:
    """One row per trial; on a small screen only the last trials and the best."""

    def __init__(self, console: Console, study: optuna.Study, metric: str, names: dict[str, str], wanted: int) -> None:
        self.study, self.metric, self.names, self.wanted = study, metric, names, wanted
        self.live = Live(console=console, auto_refresh=False)
        self.trials: Sequence[FrozenTrial] = ()

    def __enter__(self) -> "LiveTable":
        self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.live.update(self.table(self.trials, rows=len(self.trials)))  # leave the full table on the screen
        self.live.stop()

    def update(self, trials: Sequence[FrozenTrial]) -> None:
        self.trials = trials
        self.live.update(self.table(trials, rows=max(3, self.live.console.height - FRAME)), refresh=True)

    def table(self, trials: Sequence[FrozenTrial], rows: int) -> Table:
        progress = f"{count_finished(list(trials))} of {self.wanted} trials"
        title = Text(f"{self.study.study_name}: {progress}")  # Text: no markup
        heads = map(Text, ["trial", "state", self.metric, "time", *self.names.values()])
        table = Table(*map(Column, heads), box=SIMPLE_HEAD, title=title, title_justify="left")
        top = best(self.study, trials)
        for trial in trials:
            if trial.number >= len(trials) - rows or trial is top:
                mark = "*" if trial is top else ""
                shown = [state_text(trial), result_text(trial), elapsed_time(trial)]
                cells = [f"{trial.number}{mark}", *shown, *self.parameters(trial)]
                table.add_row(*map(Text, cells), style="bold green" if mark else STYLES[trial.state])
        return table

    def parameters(self, trial: FrozenTrial) -> list[str]:
        return [format_parameter(trial.params[path]) if path in trial.params else "" for path in self.names]


class Lines:
    """One line per trial that ends while the view is open."""

    def __init__(self, console: Console, study: optuna.Study, metric: str, names: dict[str, str], wanted: int) -> None:
        self.console, self.metric, self.names, self.wanted = console, metric, names, wanted
        self.seen = {trial.number for trial in study.get_trials(deepcopy=False) if trial.state.is_finished()}

    def __enter__(self) -> "Lines":
        return self

    def __exit__(self, *_: object) -> None: ...

    def update(self, trials: Sequence[FrozenTrial]) -> None:
        for trial in trials:
            if trial.state.is_finished() and trial.number not in self.seen:
                self.seen.add(trial.number)
                self.console.out(self.line(trial), highlight=False)

    def line(self, trial: FrozenTrial) -> str:
        chosen = "  ".join(
            f"{name} {format_parameter(trial.params[p])}" for p, name in self.names.items() if p in trial.params
        )
        result = (
            f"{self.metric} {result_text(trial)}" if trial.value is not None else trial.user_attrs.get("failure", "")
        )
        parts = [f"trial {trial.number}", state_text(trial), elapsed_time(trial), result, chosen]
        return "  ".join(part for part in parts if part)


def best(study: optuna.Study, trials: Sequence[FrozenTrial]) -> FrozenTrial | None:
    """The complete trial with the best value; pruned trials are not comparable."""
    sign = 1 if study.direction == optuna.study.StudyDirection.MINIMIZE else -1
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    return min(complete, key=lambda trial: sign * (trial.value or 0.0), default=None)


def state_text(trial: FrozenTrial) -> str:
    """The state of a trial in a word."""
    return state_label(trial.state.name, trial.user_attrs.get("failure"))


def result_text(trial: FrozenTrial) -> str:
    """The result of a trial, or the last report of a running trial."""
    if trial.value is not None:
        return f"{trial.value:.4f}"
    return f"{trial.intermediate_values[trial.last_step]:.4f}" if trial.last_step is not None else ""


def elapsed_time(trial: FrozenTrial) -> str:
    """Seconds from the start of a trial to its end, or until now."""
    if trial.datetime_start is None:
        return ""
    return f"{((trial.datetime_complete or datetime.now()) - trial.datetime_start).total_seconds():.0f} s"


def format_parameter(parameter: object) -> str:
    return f"{parameter:.4g}" if isinstance(parameter, float) else str(parameter)
