"""A study's folder through Optuna, against the trials that were put into it."""

import hashlib
import math
import shutil
import sqlite3
from pathlib import Path

import optuna
import pytest

from reports.folders import CELL, HIDDEN, LR, complete, failed, pruned, running, write_study
from unrolled.reports.loading.study import is_study, read_study
from unrolled.reports.records import Curve

TRIALS = [
    complete(1.5, {LR: 1e-3, HIDDEN: 64}, {10: 2.0, 20: 1.5}),
    pruned({LR: 5e-2, HIDDEN: 128}, {10: 3.0}),
    failed({LR: 9e-2, HIDDEN: 32}),
    failed({LR: 9e-2, HIDDEN: 32}, failure=None),
    running({LR: 1e-2, HIDDEN: 100}),
    complete(1.2, {LR: 3e-3, HIDDEN: 192}, {10: math.nan, 20: 1.2}),
]


def test_reads_the_trials(tmp_path: Path) -> None:
    study = read_study(write_study(tmp_path, TRIALS))
    assert (study.name, study.objective, study.maximize, study.problems) == ("quickstart", "val/loss", False, ())
    assert [t.state for t in study.trials] == ["complete", "pruned", "failed", "interrupted", "running", "complete"]
    assert [t.number for t in study.ranked] == [5, 0]
    assert study.trials[0].params == {LR: 1e-3, HIDDEN: 64}
    assert study.trials[0].reported == Curve((10, 20), (2.0, 1.5))
    assert study.trials[5].reported.finite == [(20, 1.2)]
    assert study.trials[2].error == "its process died (SIGKILL)"
    assert study.labels == {LR: "lr", HIDDEN: "hidden_size"}
    assert (study.parameters[LR].low, study.parameters[LR].high, study.parameters[LR].log) == (1e-4, 1e-1, True)


def test_the_last_report_of_a_pruned_trial_is_no_final_value(tmp_path: Path) -> None:
    study = optuna.create_study(storage=f"sqlite:///{tmp_path / 'study.db'}", study_name="s")
    trial = study.ask({LR: optuna.distributions.FloatDistribution(0, 1)})
    trial.report(0.1, 5)
    study.tell(trial, state=optuna.trial.TrialState.PRUNED)
    assert study.trials[0].value == 0.1  # Optuna's own rule
    (read,) = read_study(tmp_path).trials
    assert math.isnan(read.value)
    assert read.seconds is not None


def test_maximize_ranks_the_other_way(tmp_path: Path) -> None:
    study = read_study(write_study(tmp_path, TRIALS, direction="maximize"))
    assert [t.number for t in study.ranked] == [0, 5]


def test_infinite_values_are_not_ranked(tmp_path: Path) -> None:
    study = read_study(write_study(tmp_path, [complete(math.inf, {LR: 1e-3}), complete(2.0, {LR: 1e-3})]))
    assert [t.number for t in study.ranked] == [1]


def test_the_folder_is_only_read(tmp_path: Path) -> None:
    write_study(tmp_path, TRIALS)
    digest = hashlib.sha256((tmp_path / "study.db").read_bytes()).digest()
    names = sorted(tmp_path.iterdir())
    verbosity = optuna.logging.get_verbosity()
    read_study(tmp_path)
    assert hashlib.sha256((tmp_path / "study.db").read_bytes()).digest() == digest
    assert sorted(tmp_path.iterdir()) == names
    assert optuna.logging.get_verbosity() == verbosity


def test_a_worker_may_write_meanwhile(tmp_path: Path) -> None:
    write_study(tmp_path, TRIALS)
    writer = sqlite3.connect(tmp_path / "study.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    assert len(read_study(tmp_path).trials) == len(TRIALS)
    writer.execute("ROLLBACK")
    writer.close()


def test_the_best_trials_run_is_read(tmp_path: Path) -> None:
    study = read_study(write_study(tmp_path / "sweep", TRIALS, best_run={"results": None}))
    assert study.best_run is not None
    assert study.best_run.name == "quickstart, trial 5"
    assert study.best_run.folder.endswith("sweep/trials/5")


def test_importance_finds_what_was_built_in(tmp_path: Path) -> None:
    trials = [
        complete(abs(step - 4.0) + 1e-3 * (7 * step % 10), {LR: 10 ** (-4 + step / 3), HIDDEN: 32 + 37 * step % 200})
        for step in range(9)
    ]
    study = read_study(write_study(tmp_path, trials))
    assert next(iter(study.importance)) == LR
    assert sum(study.importance.values()) == pytest.approx(1)
    assert study.importance_absent == ""


def test_what_never_changed_has_no_importance(tmp_path: Path) -> None:
    trials = [complete(step, {LR: 1e-3 * (step + 1), HIDDEN: 32 + step % 3, CELL: "GRU"}) for step in range(9)]
    assert read_study(write_study(tmp_path, trials)).importance.keys() == {LR, HIDDEN}


def test_importance_follows_the_direction(tmp_path: Path) -> None:
    """Maximizing -f is minimizing f."""
    values = {step: (step - 4.0) ** 2 + 0.1 * (7 * step % 10) for step in range(9)}
    params = {step: {LR: 10 ** (-4 + step / 3), HIDDEN: 32 + 37 * step % 200} for step in range(9)}
    down = write_study(tmp_path / "down", [complete(values[step], params[step]) for step in values])
    up = [complete(-values[step], params[step]) for step in values]
    other = write_study(tmp_path / "up", up, direction="maximize")
    assert read_study(down).importance == pytest.approx(read_study(other).importance)


@pytest.mark.parametrize(
    ("trials", "reason"),
    [
        ([], "has 0"),
        ([complete(1.0, {LR: 1e-3, HIDDEN: 64})], "has 1"),
        ([complete(1.0, {LR: 1e-3, HIDDEN: 64}), complete(math.inf, {LR: 1e-2, HIDDEN: 32})], "has 1"),
        ([complete(1.0, {LR: 1e-3, HIDDEN: 64}), complete(1.0, {LR: 1e-2, HIDDEN: 32})], "the same value"),
        ([complete(1.0, {LR: 1e-3}), complete(2.0, {LR: 1e-2})], "fewer than two"),
        ([complete(1.0, {}), complete(2.0, {})], "fewer than two"),
        ([complete(1.0, {LR: 1e-3, HIDDEN: 64}), complete(2.0, {LR: 1e-3, HIDDEN: 32})], "fewer than two"),
        ([complete(1.0, {LR: 1e-3}), complete(2.0, {HIDDEN: 64})], "separates better trials from worse ones"),
    ],
)
def test_importance_says_why_it_is_absent(tmp_path: Path, trials: list[object], reason: str) -> None:
    study = read_study(write_study(tmp_path, trials))
    assert study.importance == {}
    assert reason in study.importance_absent


def test_labels_are_whole_where_they_would_be_equal(tmp_path: Path) -> None:
    names = ["a.init_args.lr", "b.init_args.lr", "b.init_args.momentum"]
    study = read_study(write_study(tmp_path, [complete(1.0, dict.fromkeys(names, 0.5))]))
    assert list(study.labels.values()) == [*names[:2], "momentum"]


@pytest.mark.parametrize(
    ("name", "sweep", "expected"),
    [
        ("s", {"objective": "val/perplexity"}, "val/perplexity"),
        ("s", {"objective": {"metric": "val/loss", "direction": "minimize"}}, "val/loss"),
        ("s", {"objective": [{"metric": "val/loss"}]}, "val/loss"),
        ("s", {"objective": 3}, "objective"),
        ("s", {"objective": []}, "objective"),
    ],
)
def test_the_objective_is_named(tmp_path: Path, name: str, sweep: dict[str, object], expected: str) -> None:
    assert read_study(write_study(tmp_path, [], name=name, sweep=sweep)).objective == expected


def test_the_sweep_file_chooses_among_several_studies(tmp_path: Path) -> None:
    write_study(tmp_path, TRIALS, name="first")
    write_study(tmp_path, TRIALS[:1], name="second")
    assert (read_study(tmp_path).name, len(read_study(tmp_path).trials)) == ("second", 1)
    (tmp_path / "study.yaml").unlink()
    assert read_study(tmp_path).problems == (
        "study.yaml is missing.",
        "study.db cannot be read (expected a study named None, got 'first', 'second').",
    )


def test_the_only_study_is_read_whatever_the_sweep_file_says(tmp_path: Path) -> None:
    write_study(tmp_path, TRIALS, name="renamed")
    (tmp_path / "study.yaml").write_text("study: another")
    assert read_study(tmp_path).name == "renamed"


def test_two_objectives_show_the_first(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    study = optuna.create_study(storage=storage, study_name="s", directions=["minimize", "maximize"])
    study.add_trial(optuna.trial.create_trial(values=[1.0, 5.0]))
    read = read_study(tmp_path)
    assert [trial.value for trial in read.trials] == [1.0]
    assert "The study has 2 objectives; this page shows the first." in read.problems


def test_conditional_and_categorical_hyper_parameters(tmp_path: Path) -> None:
    study = read_study(write_study(tmp_path, [complete(1.0, {CELL: "GRU"}), complete(2.0, {CELL: "LSTM", LR: 1e-3})]))
    assert study.parameters[CELL].choices == ("LSTM", "GRU")
    assert list(study.parameters) == [CELL, LR]


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough to be looked at" * 9])
def test_a_damaged_database_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "study.db").write_bytes(content)
    (tmp_path / "study.yaml").write_text("study: s")
    study = read_study(tmp_path)
    (problem,) = study.problems
    assert problem.startswith("study.db cannot be read (")
    assert "\n" not in problem


def test_a_study_of_another_schema_is_one_sentence(tmp_path: Path) -> None:
    write_study(tmp_path, [])
    with sqlite3.connect(tmp_path / "study.db") as database:
        database.execute("UPDATE alembic_version SET version_num = 'v0.1'")
    database.close()
    (problem,) = read_study(tmp_path).problems
    assert problem.startswith("study.db cannot be read (")


def test_trials_in_another_storage_are_told(tmp_path: Path) -> None:
    write_study(tmp_path, TRIALS)
    (tmp_path / "study.db").unlink()
    assert is_study(tmp_path)
    assert read_study(tmp_path).problems == ("study.db is missing: trials in another storage are not read.",)


def test_odd_characters_in_the_path(tmp_path: Path) -> None:
    write_study(tmp_path / "plain", TRIALS)
    odd = shutil.move(tmp_path / "plain", tmp_path / "50% a?b #c")
    assert len(read_study(Path(odd)).trials) == len(TRIALS)
