"""What is seen of a study: a table at a terminal, plain lines elsewhere."""

import io
from datetime import datetime, timedelta
from typing import Any

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState, create_trial
from rich.console import Console

from unrolled.trial_labels import short_labels
from unrolled.tuning import trial_table

PATHS = ["optimizer.init_args.lr", "architecture.init_args.hidden_size"]


def trial(state: TrialState, value: float | None, rate: float, **attributes: Any) -> FrozenTrial:
    distributions = {PATHS[0]: optuna.distributions.FloatDistribution(0, 1)}
    made = create_trial(
        state=state, value=value, params={PATHS[0]: rate}, distributions=distributions, user_attrs=attributes
    )
    if state.is_finished():
        made.datetime_start = datetime(2026, 1, 1)
        made.datetime_complete = made.datetime_start + timedelta(seconds=17.2)
    return made


@pytest.fixture(params=["minimize", "maximize"])
def study(request: pytest.FixtureRequest) -> optuna.Study:
    return optuna.create_study(study_name="[bold]tags", direction=request.param)


def fill(study: optuna.Study) -> float:
    """Trials of every state; returns the value of the worst."""
    worst = 9.0 if study.direction == optuna.study.StudyDirection.MINIMIZE else -9.0
    study.add_trials(
        [
            trial(TrialState.COMPLETE, worst, 0.25),
            trial(TrialState.COMPLETE, 1.25, 0.123456),
            trial(TrialState.PRUNED, -worst, 0.5),
            trial(TrialState.FAIL, None, 0.5, failure="[red]its process died"),
            trial(TrialState.FAIL, None, 0.5),
            trial(TrialState.RUNNING, None, 0.75),
        ]
    )
    return worst


def shown(study: optuna.Study, terminal: bool) -> str:
    """All that was printed while the trials came in."""
    file = io.StringIO()
    console = Console(file=file, force_terminal=terminal, color_system=None, width=100, height=40)
    with trial_table.open_view(console, study, "val/loss", PATHS, 9) as screen:
        fill(study)
        screen.update(study.get_trials())
        screen.update(study.get_trials())
    return file.getvalue()


def test_lines_tell_each_finished_trial_once(study: optuna.Study) -> None:
    lines = shown(study, terminal=False).splitlines()
    worst = study.trials[0].value
    assert lines == [
        f"trial 0  complete  17 s  val/loss {worst:.4f}  lr 0.25",
        "trial 1  complete  17 s  val/loss 1.2500  lr 0.1235",
        f"trial 2  pruned  17 s  val/loss {study.trials[2].value:.4f}  lr 0.5",
        "trial 3  failed  17 s  [red]its process died  lr 0.5",
        "trial 4  interrupted  17 s  lr 0.5",
    ]


def test_trials_of_an_earlier_launch_are_not_told_again(study: optuna.Study) -> None:
    fill(study)
    assert len(shown(study, terminal=False).splitlines()) == 5  # of the second six


def test_the_table_marks_the_best_complete_trial(study: optuna.Study) -> None:
    text = shown(study, terminal=True)
    rows = [line.split() for line in text.splitlines()]
    assert ["1*", "complete", "1.2500", "17", "s", "0.1235"] in rows  # the pruned one is better, but did not end
    assert ["trial", "state", "val/loss", "time", "lr", "hidden_size"] in rows
    assert "[bold]tags: 3 of 9 trials" in text  # nothing of a name is read as markup


def test_a_small_screen_shows_the_last_trials_and_the_best(study: optuna.Study) -> None:
    fill(study)
    file = io.StringIO()
    live = trial_table.LiveTable(Console(), study, "val/loss", short_labels(PATHS), 9)
    Console(file=file, width=100).print(live.table(study.get_trials(), rows=2))
    rows = [line.split()[:2] for line in file.getvalue().splitlines()[4:] if line.strip()]
    assert rows == [["1*", "complete"], ["4", "interrupted"], ["5", "running"]]


def test_no_trial_has_no_best(study: optuna.Study) -> None:
    assert trial_table.best(study, []) is None
    fill(study)
    assert trial_table.best(study, [study.trials[2], study.trials[5]]) is None
