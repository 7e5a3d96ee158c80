"""The folder of a study: trials that cannot be compared never land in one study."""

from pathlib import Path
from typing import Any

import optuna
import pytest

from unrolled.errors import InputError
from unrolled.tuning import sweep_file
from unrolled.tuning.study_folder import prepare_study

from .conftest import RATE, WriteSweep

FOLDER = Path("runs/stand-in")


def prepared(path: Path, overrides: dict[str, Any] | None = None) -> optuna.Study:
    return prepare_study(sweep_file.read_sweep(path, overrides), FOLDER, str(path))


@pytest.fixture
def launched(write_sweep: WriteSweep) -> WriteSweep:
    """A study that has been launched before."""
    prepared(write_sweep())
    return write_sweep


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"space": {RATE: {"float": [1e-4, 0.5], "log": True}}},
            f"runs/stand-in/study.yaml: expected space.{RATE}.float = [0.0001, 1.0] as in the existing trials, got "
            "[0.0001, 0.5]; rename the study or move runs/stand-in away",
        ),
        (
            {"space": {RATE: {"float": [1e-4, 1.0]}}},
            f"expected space.{RATE}.log = True as in the existing trials, got (unset)",
        ),
        ({"objective": {"direction": "maximize"}}, "expected objective.direction = minimize"),
        (
            {"overrides": {"architecture.init_args.hidden_size": 16}},
            "stand-in/recipe.yaml: expected architecture.init_args.hidden_size = 8 as in the existing trials, got 16",
        ),
    ],
)
def test_another_study_in_the_same_folder_is_refused(
    launched: WriteSweep, changes: dict[str, Any], message: str
) -> None:
    before = (FOLDER / "study.yaml").read_bytes(), (FOLDER / "recipe.yaml").read_bytes()
    with pytest.raises(InputError) as raised:
        prepared(launched(**changes))
    assert message in str(raised.value)
    assert ((FOLDER / "study.yaml").read_bytes(), (FOLDER / "recipe.yaml").read_bytes()) == before


def test_the_budget_and_the_search_may_change(launched: WriteSweep) -> None:
    study = prepared(launched())
    study.add_trial(optuna.trial.create_trial(value=1.0))
    again = prepared(launched(trials=99, workers=9, seconds=5, sampler="TPESampler", pruner="MedianPruner"))
    assert [trial.value for trial in again.trials] == [1.0]
    assert sweep_file.read_sweep(FOLDER / "study.yaml").trials == 99


def test_overrides_of_the_command_line_belong_to_the_study(launched: WriteSweep) -> None:
    with pytest.raises(InputError, match=r"expected trainer.max_epochs = \(unset\) as in the existing trials, got 2"):
        prepared(launched(), {"trainer.max_epochs": 2})


def test_runs_of_a_study_that_is_gone_are_not_overwritten(launched: WriteSweep) -> None:
    (FOLDER / "study.db").unlink()
    (FOLDER / "trials/0").mkdir(parents=True)
    with pytest.raises(InputError, match="runs/stand-in/trials: expected no runs in a new study"):
        prepared(launched())


def test_a_folder_that_cannot_be_written(write_sweep: WriteSweep) -> None:
    sweep = write_sweep()
    Path("runs").write_text("a file stands in the way")
    with pytest.raises(InputError, match="runs/stand-in: expected a writable folder"):
        prepared(sweep)


def test_a_password_does_not_get_into_study_yaml_nor_into_the_error(write_sweep: WriteSweep) -> None:
    with pytest.raises(InputError, match="expected a URL without a password") as raised:
        prepared(write_sweep(storage="postgresql+psycopg://me:secret@localhost/x"))
    assert "secret" not in str(raised.value)
    assert not FOLDER.exists()


def test_a_storage_that_does_not_open_is_told_in_one_line(write_sweep: WriteSweep) -> None:
    with pytest.raises(InputError, match="expected a readable database") as raised:
        prepared(write_sweep(storage="postgresql+absent://me@localhost/x"))
    assert "\n" not in str(raised.value)


def test_a_damaged_storage(write_sweep: WriteSweep) -> None:
    FOLDER.mkdir(parents=True)
    (FOLDER / "study.db").write_text("not a database" * 100)
    with pytest.raises(InputError, match=r"study.db: expected a readable database, got: .*not a database"):
        prepared(write_sweep())


def test_a_value_that_the_sampler_refuses_is_told_before_a_worker_starts(write_sweep: WriteSweep) -> None:
    with pytest.raises(InputError, match="pruner.PercentilePruner"):
        prepared(write_sweep(pruner={"PercentilePruner": {"percentile": 200}}))
