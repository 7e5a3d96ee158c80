"""Which folders make a report, and which are refused."""

from pathlib import Path

import pytest

from reports.folders import LR, complete, write_run, write_study
from unrolled.errors import InputError
from unrolled.reports.loading.folders import read_report

TRIALS = [complete(1.0, {LR: 1e-3})]


def test_runs_and_studies_are_told_apart(tmp_path: Path) -> None:
    folders = [write_run(tmp_path / "a"), write_study(tmp_path / "b", TRIALS)]
    report = read_report(folders)
    assert report.name == "comparison"
    assert [run.name for run in report.runs] == ["a"]
    assert [study.name for study in report.studies] == ["quickstart"]


def test_one_folder_gives_its_name(tmp_path: Path) -> None:
    assert read_report([write_run(tmp_path / "mine")]).name == "mine"
    assert read_report([write_run(tmp_path / "mine")], "other").name == "other"


def test_no_folders_are_all_of_runs(workdir: Path) -> None:
    write_run(workdir / "runs" / "b")
    write_run(workdir / "runs" / "a")
    write_study(workdir / "runs" / "sweep", TRIALS, best_run={})
    (workdir / "runs" / "wandb").mkdir()
    (workdir / "runs" / "note.txt").write_text("mine")
    report = read_report([])
    assert report.name == "all"
    assert [run.folder for run in report.runs] == ["runs/a", "runs/b"]
    assert [study.folder for study in report.studies] == ["runs/sweep"]
    assert [run.name for run in report.all_runs] == ["a", "b", "quickstart, trial 0"]


def test_a_folder_given_twice_counts_once(tmp_path: Path) -> None:
    study = write_study(tmp_path / "sweep", TRIALS, best_run={})
    report = read_report([study, study, study / "trials" / "0"])
    assert len(report.studies) == 1
    assert [run.name for run in report.all_runs] == ["0"]


def test_runs_of_one_name_are_called_by_their_paths(tmp_path: Path) -> None:
    folders = [write_run(tmp_path / "x" / "same"), write_run(tmp_path / "y" / "same"), write_run(tmp_path / "z")]
    assert [run.name for run in read_report(folders).runs] == [*(folder.as_posix() for folder in folders[:2]), "z"]


def test_a_study_folder_that_also_holds_a_run_is_both(tmp_path: Path) -> None:
    write_study(tmp_path / "both", TRIALS)
    report = read_report([write_run(tmp_path / "both")])
    assert (len(report.runs), len(report.studies)) == (1, 1)


def test_a_studys_own_recipe_makes_it_no_run(tmp_path: Path) -> None:
    folder = write_study(tmp_path / "sweep", TRIALS)
    (folder / "recipe.yaml").write_text("task: LanguageModeling")
    assert read_report([folder]).runs == ()


@pytest.mark.parametrize(
    ("make", "came"),
    [
        (lambda path: None, "got no such folder"),
        (lambda path: path.write_text(""), "got a file"),
        (lambda path: path.mkdir(), "got a folder with no files"),
        (lambda path: (path / "cats").mkdir(parents=True), "got a folder with cats"),
    ],
)
def test_anything_else_is_refused_in_one_line(tmp_path: Path, make: object, came: str) -> None:
    folder = tmp_path / "odd"
    make(folder)  # type: ignore[operator]
    with pytest.raises(InputError) as caught:
        read_report([write_run(tmp_path / "good"), folder])
    message = str(caught.value)
    assert message.startswith(f"{folder}: expected a run (recipe.yaml")
    assert message.endswith(came)
    assert "\n" not in message
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("there", [True, False])
def test_nothing_in_runs_is_refused(workdir: Path, there: bool) -> None:
    if there:
        (workdir / "runs" / "wandb").mkdir(parents=True)
    with pytest.raises(InputError, match="runs/: expected at least one folder .* got none"):
        read_report([])
