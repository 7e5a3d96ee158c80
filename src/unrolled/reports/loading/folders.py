"""Folders -> `Report`: each folder must be a run or a study."""

from collections.abc import Sequence
from pathlib import Path

from unrolled.errors import InputError
from unrolled.reports.loading.run import FILES, is_run, read_run
from unrolled.reports.loading.study import is_study, read_study
from unrolled.reports.records import Report

EXPECTED = f"a run ({', '.join(FILES)}; written by `unrolled fit`) or a study (study.db; written by `unrolled sweep`)"


def read_report(folders: Sequence[Path], name: str | None = None, runs: Path = Path("runs")) -> Report:
    """Read `folders`; without any, every run and study under `runs`.

    Raises:
        InputError: a folder is neither a run nor a study.
    """
    chosen = list(dict.fromkeys(require_run_or_study(Path(folder)) for folder in folders)) or all_runs_and_studies(runs)
    studies = [folder for folder in chosen if is_study(folder)]
    trained = [folder for folder in chosen if folder not in studies or (folder / "metrics.csv").is_file()]
    names = [folder.resolve().name for folder in trained]
    return Report(
        name=name or default_name(chosen, given=bool(folders)),
        runs=tuple(
            read_run(folder, short if names.count(short) == 1 else folder.as_posix())
            for folder, short in zip(trained, names, strict=True)
        ),
        studies=tuple(map(read_study, studies)),
    )


def require_run_or_study(folder: Path) -> Path:
    if is_study(folder) or is_run(folder):
        return folder
    if not folder.exists():
        found = "no such folder"
    elif not folder.is_dir():
        found = "a file"
    else:
        found = f"a folder with {', '.join(sorted(child.name for child in folder.iterdir())[:5]) or 'no files'}"
    raise InputError(f"{folder}: expected {EXPECTED}, got {found}")


def all_runs_and_studies(runs: Path) -> list[Path]:
    children = sorted(runs.iterdir()) if runs.is_dir() else []
    found = [child for child in children if is_study(child) or is_run(child)]
    if not found:
        raise InputError(f"{runs}/: expected at least one folder that is {EXPECTED}, got none; train one: unrolled fit")
    return found


def default_name(folders: list[Path], given: bool) -> str:
    if not given:
        return "all"
    return folders[0].resolve().name if len(folders) == 1 else "comparison"
