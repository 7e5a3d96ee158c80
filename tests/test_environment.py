"""pyproject.toml is the one list of dependencies: all other files that name packages are held against it."""

import ast
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONSTRAINTS = (ROOT / "requirements/constraints.txt").read_text(encoding="utf-8")
PINS = dict(line.split("==") for line in CONSTRAINTS.splitlines() if not line.startswith("#"))

RUNTIME = [Requirement(text) for text in PROJECT["dependencies"]]
EXTRAS = {
    extra: [Requirement(text) for text in texts]
    for extra, texts in PROJECT["optional-dependencies"].items()
    if extra != "all"
}
DECLARED = [*RUNTIME, *(requirement for extra in EXTRAS.values() for requirement in extra)]


def test_all_is_every_extra() -> None:
    (everything,) = [Requirement(text) for text in PROJECT["optional-dependencies"]["all"]]
    assert everything.name == PROJECT["name"]
    assert everything.extras == EXTRAS.keys()


def test_nothing_is_declared_twice() -> None:
    names = [canonicalize_name(requirement.name) for requirement in DECLARED]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("requirement", DECLARED, ids=lambda requirement: requirement.name)
def test_the_pin_is_in_range(requirement: Requirement) -> None:
    assert requirement.specifier.contains(PINS[canonicalize_name(requirement.name)])


def test_pins_are_what_the_package_pulls() -> None:
    """In an environment that `make setup` made: no pin is missing, none is left over, each is what is installed."""
    closure = runpy.run_path(str(ROOT / "requirements/lock.py"))["closure"]
    assert closure() == PINS


def test_pins_are_exact_and_portable() -> None:
    lines = [line for line in CONSTRAINTS.splitlines() if not line.startswith("#")]
    assert lines == sorted(lines, key=lambda line: line.split("==")[0])
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line) for line in lines)  # no local tag: +cpu
    assert PINS["torch"] == "2.13.0"


def test_conda_environment_is_python_and_this_project() -> None:
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert environment["name"] == PROJECT["name"]
    *tools, by_pip = environment["dependencies"]
    assert tools == [f"python {PROJECT['requires-python']}", "pip", "make"]
    assert by_pip == {"pip": ["-c requirements/constraints.txt", "-e .[all]"]}


@pytest.mark.parametrize(
    "file", ["pyproject.toml", "requirements/constraints.txt", "environment.yml", "Makefile", ".ci/run"]
)
def test_no_package_host_is_named(file: str) -> None:
    assert "://" not in (ROOT / file).read_text(encoding="utf-8")


def third_party(folder: Path) -> set[str]:
    """Top-level names of the libraries that Python files below `folder` import."""
    names: set[str] = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.split(".")[0])
    own = {"unrolled"} | {path.stem for path in [*(ROOT / "tests").iterdir(), *folder.iterdir()]}
    return names - sys.stdlib_module_names - own


@pytest.mark.parametrize(
    ("folder", "declared"),
    [("src", RUNTIME), ("tests", DECLARED), ("benchmarks", DECLARED), ("requirements", DECLARED)],
    ids=["src", "tests", "benchmarks", "requirements"],
)
def test_every_import_is_declared(folder: str, declared: list[Requirement]) -> None:
    distributions = packages_distributions()
    names = {canonicalize_name(requirement.name) for requirement in declared}
    undeclared = {
        library
        for library in third_party(ROOT / folder)
        if not names & {canonicalize_name(name) for name in distributions.get(library, [library])}
    }
    assert not undeclared, f"declare in pyproject.toml what {folder} imports"


def test_the_wheel_holds_the_whole_package(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(ROOT / "src", tree / "src", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for name in ("pyproject.toml", "LICENSE", "README.md"):
        shutil.copy(ROOT / name, tree)
    command = ["pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir=..", "."]
    subprocess.run([sys.executable, "-m", *command], cwd=tree, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("unrolled/")}
    files = [path for path in (tree / "src/unrolled").rglob("*") if path.is_file()]
    assert packed == {path.relative_to(tree / "src").as_posix() for path in files}
