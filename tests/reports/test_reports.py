"""`reports.write`: where the page lands, that it is the same every time, and what is refused."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reports.folders import HIDDEN, LR, complete, write_run, write_study
from unrolled import reports
from unrolled.errors import InputError


def test_writes_one_file(workdir: Path) -> None:
    write_run(workdir / "runs" / "mine")
    page = reports.write([Path("runs/mine")])
    assert page == Path("reports/mine/index.html")
    assert [file.name for file in page.parent.iterdir()] == ["index.html"]
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_the_same_input_gives_the_same_bytes(workdir: Path) -> None:
    """In another process too, where strings hash differently."""
    write_run(workdir / "runs" / "mine")
    trials = [complete(1.0 + step % 4, {LR: 1e-3 * (step + 1), HIDDEN: 32 + step}) for step in range(9)]
    write_study(workdir / "runs" / "sweep", trials, best_run={})
    first = reports.write([], "x").read_bytes()
    code = "from pathlib import Path; from unrolled import reports; reports.write([], 'x', Path('other'))"
    paths = os.pathsep.join(path for path in sys.path if path)
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": "7"}
    )
    assert Path("other/x/index.html").read_bytes() == first


def test_what_is_half_text_is_written_all_the_same(workdir: Path) -> None:
    write_run(workdir / "mine", environment={"command": "half \ud800"}, results=None)
    assert "half ?" in reports.write([Path("mine")]).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["../up", "..", ".", "a/b", "a\\b", "nul\0"])
def test_a_name_is_no_path(workdir: Path, name: str) -> None:
    with pytest.raises(InputError, match="--name .* expected a plain folder name"):
        reports.write([write_run(workdir / "mine")], name)
    assert not (workdir / "reports").exists()


def test_a_place_that_cannot_be_written(workdir: Path) -> None:
    (workdir / "reports").write_text("a file")
    with pytest.raises(InputError, match="index.html: expected a writable file, got: ") as caught:
        reports.write([write_run(workdir / "mine")])
    assert "\n" not in str(caught.value)


def test_the_import_is_cheap() -> None:
    heavy = "{'plotly', 'optuna', 'jinja2', 'yaml', 'numpy', 'torch'} & sys.modules.keys()"
    code = f"import sys, unrolled.reports; sys.exit(str(sorted({heavy})))"
    paths = os.pathsep.join(path for path in sys.path if path)
    env = {**os.environ, "PYTHONPATH": paths}
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env)
    assert ended.stderr.strip() == "[]"
