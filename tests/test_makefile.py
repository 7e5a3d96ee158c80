"""The Makefile with a stand-in for Python that writes down how it was called: nothing is installed here."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PROMISED = ["setup", "quickstart", "train", "sweep", "report", "test", "test-all", "lint", "type", "bench", "clean"]
LEAKS = {"PYTHONPATH": "/elsewhere", "PYTHONHOME": "/elsewhere", "VIRTUAL_ENV": "/elsewhere", "PIP_USER": "1"}

# Prints its arguments and what it sees of the caller's environment; `-m venv FOLDER` puts a copy of it there.
STAND_IN = """#!/bin/sh
echo "CALL $(basename "$0") $*"
env | grep -E '^(PYTHONPATH|PYTHONHOME|VIRTUAL_ENV|PIP_USER|OMP_NUM_THREADS)=' | sed 's/^/ENV /'
if [ "$1 $2" = "-m venv" ]; then
    for folder; do :; done
    mkdir -p "$folder/bin" && cp "$0" "$folder/bin/python" && cp "$0" "$folder/bin/unrolled"
fi
exit 0
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with what the Makefile reads, and the stand-in as its `python3`; the folder's name has a blank in it."""
    folder = tmp_path / "my clone"
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    executable(folder / "python3", STAND_IN)
    return folder


def executable(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    file.chmod(0o755)


def make(clone: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ["make", "PYTHON=./python3", *arguments]
    outer = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run(command, cwd=clone, env=outer, capture_output=True, text=True, check=False)


def calls(ended: subprocess.CompletedProcess[str]) -> list[str]:
    assert ended.returncode == 0, ended.stderr
    return [line.removeprefix("CALL ") for line in ended.stdout.splitlines() if line.startswith("CALL ")]


@pytest.mark.parametrize("arguments", [[], ["help"]])
def test_help_names_every_target(clone: Path, arguments: list[str]) -> None:
    (phony,) = re.findall(r"^\.PHONY: (help .*)$", MAKEFILE, flags=re.MULTILINE)
    listed = re.findall(r"^  make ([a-z0-9-]+) +\S", make(clone, *arguments).stdout, flags=re.MULTILINE)
    assert sorted(listed) == sorted(phony.split())
    assert set(PROMISED) <= set(listed)


def test_the_environment_is_made_once(clone: Path) -> None:
    first = calls(make(clone, "lint"))
    assert first[0] == "python3 requirements/check_python.py"
    assert first[1] == "python3 -m venv .venv"
    assert first[2] == "python -m pip install --compile -c requirements/constraints.txt --editable .[all]"
    assert first[3:] == ["python -m ruff check ."]
    assert calls(make(clone, "lint")) == first[3:]


@pytest.mark.parametrize("file", ["pyproject.toml", "requirements/constraints.txt"])
def test_new_dependencies_are_installed(clone: Path, file: str) -> None:
    make(clone, "setup")
    stamp = clone / ".venv/unrolled-installed"
    later = stamp.stat().st_mtime + 10
    os.utime(clone / file, (later, later))
    assert any("pip install" in call for call in calls(make(clone, "lint")))


def test_a_copied_clone_is_installed_anew(clone: Path) -> None:
    make(clone, "setup")
    other = shutil.copytree(clone, clone.parent / "copy")
    assert any("pip install" in call for call in calls(make(other, "lint")))
    assert calls(make(other, "lint")) == ["python -m ruff check ."]


@pytest.mark.parametrize("target", ["setup", "test"])
def test_the_callers_python_does_not_leak_in(clone: Path, target: str) -> None:
    seen = set(re.findall(r"^ENV (.*)$", make(clone, target, **LEAKS).stdout, flags=re.MULTILINE))
    assert seen <= {"PIP_USER=0", "OMP_NUM_THREADS=1"}


@pytest.mark.parametrize(
    ("arguments", "call"),
    [
        (["train"], "unrolled fit -c quickstart"),
        (["train", "RECIPE=char_shakespeare", "ARGS=--seed 2"], "unrolled fit -c char_shakespeare --seed 2"),
        (["sweep"], "unrolled sweep sweeps/quickstart.yaml"),
        (["sweep", "SWEEP=sweeps/mine.yaml"], "unrolled sweep sweeps/mine.yaml"),
        (["report", "ARGS=runs/a --name b"], "unrolled report runs/a --name b"),
        (["test"], "python -m pytest -n 2"),
        (["test-all", "ARGS=-x"], "python -m pytest -n 2 -m  -x"),
        (["type"], "python -m mypy"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_settings_reach_the_command(clone: Path, arguments: list[str], call: str) -> None:
    assert calls(make(clone, *arguments))[-1] == call


def test_quickstart_reports_on_the_run_it_trained(clone: Path) -> None:
    (clone / "sweeps").mkdir()
    (clone / "sweeps/quickstart.yaml").write_text("study: small-lstm  # its folder\n", encoding="utf-8")
    for seconds, run in enumerate(["quickstart-2", "quickstart", "quickstart-10"]):
        recipe = clone / "runs" / run / "recipe.yaml"
        recipe.parent.mkdir(parents=True)
        recipe.touch()
        os.utime(recipe, (seconds, seconds))
    assert calls(make(clone, "quickstart"))[-4:] == [
        "unrolled fit -c quickstart --run quickstart",
        "unrolled test runs/quickstart-10",
        "unrolled sweep sweeps/quickstart.yaml",
        "unrolled report runs/quickstart-10 runs/small-lstm --name quickstart",
    ]


def test_another_environment_and_index(clone: Path) -> None:
    seen = calls(make(clone, "setup", "VENV=elsewhere/env", "TORCH_INDEX=file:///torch"))
    assert seen[1] == "python3 -m venv elsewhere/env"
    assert " --extra-index-url file:///torch " in seen[2]
    assert (clone / "elsewhere/env/unrolled-installed").exists()
    assert not (clone / ".venv").exists()


def test_a_failed_installation_is_tried_again(clone: Path) -> None:
    executable(clone / "python3", STAND_IN.replace("exit 0", '[ "$3" != install ]'))
    assert make(clone, "lint").returncode != 0
    executable(clone / ".venv/bin/python", STAND_IN)
    assert any("pip install" in call for call in calls(make(clone, "lint")))


def blamed(ended: subprocess.CompletedProcess[str]) -> str:
    """The one line that says what is wrong; make itself adds that it stops."""
    assert ended.returncode != 0
    (line,) = [line for line in ended.stderr.splitlines() if not line.startswith("make")]
    return line


def test_an_old_python_is_named(clone: Path) -> None:
    script = (clone / "requirements/check_python.py").read_text(encoding="utf-8")
    old = script.replace("import sys\n", "import sys\nsys.version_info, sys.version = (3, 9, 2), '3.9.2 (default)'\n")
    (clone / "requirements/check_python.py").write_text(old, encoding="utf-8")
    line = blamed(make(clone, "setup", "PYTHON=python3"))
    assert "needs Python 3.11 or newer" in line and "is 3.9.2" in line
    assert not (clone / ".venv").exists()


def test_a_python_without_venv_is_named(clone: Path) -> None:
    (clone / "requirements/ensurepip.py").write_text("raise ImportError", encoding="utf-8")
    assert "apt install python3-venv" in blamed(make(clone, "setup", "PYTHON=python3"))


def test_a_missing_python_is_named(clone: Path) -> None:
    assert "no python3.99 here" in blamed(make(clone, "setup", "PYTHON=python3.99"))


def test_clean_keeps_what_was_made(clone: Path) -> None:
    make(clone, "setup")
    kept = [clone / name for name in ("runs/a", "reports/b", "data/c", ".venv/bin")]
    swept = [clone / name for name in ("build/x", ".mypy_cache/y", "src/z/__pycache__", "tests/__pycache__")]
    for folder in [*kept, *swept, clone / "benchmarks"]:
        folder.mkdir(parents=True, exist_ok=True)
    assert make(clone, "clean").returncode == 0
    assert all(folder.exists() for folder in kept)
    assert not any(folder.exists() for folder in swept)


def test_an_environment_of_another_clone_is_left_as_it_is(clone: Path) -> None:
    outer = clone.parent / "env"
    calls(make(clone, "setup", f"VENV={outer}"))
    other = shutil.copytree(clone, clone.parent / "other")
    warning = (
        f"unrolled: warning: VENV={outer} belongs to the clone in {clone} and was left as it is: choose another VENV\n"
    )
    ended = make(other, "setup", f"VENV={outer}")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", warning)
    refused = make(other, "lint", f"VENV={outer}")
    assert refused.returncode == 2 and refused.stdout == ""
    assert refused.stderr.startswith(warning)
    assert (outer / "unrolled-installed").read_text(encoding="utf-8") == f"{clone}\n"
    assert calls(make(clone, "lint", f"VENV={outer}")) == ["python -m ruff check ."]


def test_an_environment_whose_clone_is_gone_is_installed_again(clone: Path) -> None:
    outer = clone.parent / "env"
    calls(make(clone, "setup", f"VENV={outer}"))
    moved = clone.rename(clone.parent / "moved")
    assert any("pip install" in call for call in calls(make(moved, "lint", f"VENV={outer}")))
    assert calls(make(moved, "lint", f"VENV={outer}")) == ["python -m ruff check ."]
