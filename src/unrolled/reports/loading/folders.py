"""Folders -> `Report`: each is a run or a study, anything else is refused in one line."""

from collections.abc import Sequence
from pathlib import Path

from unrolled.errors import InputError
from unrolled.reports.loading.run import FILES, is_run, read_run
from unrolled.reports.loading.study import is_study, read_study
from unrolled.reports.records import Report

EXPECTED = f"a run ({', '.join(FILES)}; written by `unrolled fit`) or a study (study.db; written by `unrolled sweep`)"


def read(folders: Sequence[Path], name: str | None = None, runs: Path = Path("runs")) -> Report:
    """Read `folders`; none at all means every run and study under `runs`.

    Raises `InputError` for a folder that is neither a run nor a study.
    """
    chosen = list(dict.fromkeys(refuse_others(Path(folder)) for folder in folders)) or everything(runs)
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


def refuse_others(folder: Path) -> Path:
    if is_study(folder) or is_run(folder):
        return folder
    if not folder.exists():
        came = "there is no such folder"
    elif not folder.is_dir():
        came = "it is a file"
    else:
        came = f"it holds {', '.join(sorted(child.name for child in folder.iterdir())[:5]) or 'nothing'}"
    raise InputError(f"{folder}: expected {EXPECTED}, but {came}")


def everything(runs: Path) -> list[Path]:
    children = sorted(runs.iterdir()) if runs.is_dir() else []
    found = [child for child in children if is_study(child) or is_run(child)]
    if not found:
        raise InputError(f"{runs}/: expected at least one folder that is {EXPECTED}, but found none: train one first")
    return found


def default_name(folders: list[Path], given: bool) -> str:
    if not given:
        return "all"
    return folders[0].resolve().name if len(folders) == 1 else "comparison"
