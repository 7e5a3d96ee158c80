"""Rules of the source tree: size, names, places, class hierarchy, import cycles, mirrored tests."""

import ast
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import pytest

from conformance.source_tree import ROOT, SOURCE, circles, import_graph, only_children, read

FILES = sorted(SOURCE.rglob("*.py"))
MODULES = [PurePosixPath(file.relative_to(SOURCE).as_posix()) for file in FILES if file.stem != "__init__"]
SEAMS = [folder.name for folder in (SOURCE / "strategies").iterdir() if (folder / "__init__.py").exists()]
FAMILIES = {"language_modeling", "sequences", "translation", "forecasting"}

MOST_LINES, MOST_MODULES = 300, 27
ONE_FILE_A_DATA_SET = {"data/datasets", "data/synthetic"}  # a catalogue: a reader opens one file; no limit


def test_no_file_is_longer_than_300_lines():
    lines = {str(file.relative_to(SOURCE)): len(file.read_text(encoding="utf-8").splitlines()) for file in FILES}
    assert not {name: count for name, count in lines.items() if count > MOST_LINES}


def test_a_folder_holds_at_most_27_modules():
    counts = Counter(module.parent for module in MODULES)
    crowded = {str(folder): count for folder, count in counts.items() if count > MOST_MODULES}
    assert not crowded.keys() - ONE_FILE_A_DATA_SET, crowded
    assert {*map(str, counts)} >= ONE_FILE_A_DATA_SET


def test_a_strategy_lies_in_the_folder_of_its_seam():
    from unrolled import strategies

    for name in strategies.__all__:
        cls = getattr(strategies, name)
        assert cls.__module__.split(".")[:-1] == ["unrolled", "strategies", cls.seam], name


# Module names of functional/: a seam (in the plural where the module holds several of its kind), a task family or kind,
# or a primitive that several of them share.
PLURAL = {"constraint": "constraints", "penalty": "penalties"}
KINDS = FAMILIES | {"classification"}
PRIMITIVES = {
    "batch", "beam_search", "generators", "gradients", "losses", "ngrams", "retained_graph",
    "sampling", "schedules", "state", "text_scores", "windows",
}  # fmt: skip


def test_functional_is_named_by_seams_kinds_and_primitives():
    allowed = {PLURAL.get(seam, seam) for seam in SEAMS} | KINDS | PRIMITIVES
    top = {path.stem for path in (SOURCE / "functional").glob("*.py")} - {"__init__"}
    folders = {path.parent.name for path in (SOURCE / "functional").glob("*/__init__.py")}
    assert top | folders <= allowed


# Topics that two rooms share outside the task families: an arithmetic and its user, a layer and its figure.
SHARED_TOPICS = {
    "attention": {"architectures/attention.py", "reports/figures/attention.py"},
    "windows": {"functional/windows.py", "data/forecasting/windows.py"},
}


def share_a_stem(modules: Iterable[PurePosixPath]) -> dict[str, list[str]]:
    """Stems of two modules or more, where not all but one lie in a task family's folder or bear a family's name.

    Names that mean the same everywhere do not count: dunder names, private names, `base`.
    """
    found = defaultdict(list)
    for module in modules:
        mirrors = module.stem in FAMILIES or FAMILIES & {*module.parts[:-1]}
        if not (module.stem.startswith("_") or module.stem == "base" or mirrors):
            found[module.stem].append(str(module))
    return {
        stem: places
        for stem, places in found.items()
        if len(places) > 1 and not {*places} <= SHARED_TOPICS.get(stem, set())
    }


def test_two_modules_share_a_stem_only_as_mirrors():
    assert not share_a_stem(MODULES)


def test_a_shared_stem_is_seen():
    paths = ["data/files/tables.py", "reports/tables.py", "tasks/base.py", "data/base.py", "tasks/sequences/metrics.py"]
    assert share_a_stem(map(PurePosixPath, [*paths, "tasks/translation/metrics.py"])) == {"tables": paths[:2]}


def test_no_class_is_the_unused_base_of_a_single_class():
    """Neither exported nor instantiated, with exactly one subclass: merge the two, or compose."""
    assert not only_children(read())


@pytest.mark.parametrize(
    ("rest", "seen"),
    [
        ("", True),
        ("class Third(base.Base): ...", False),
        ("made = base.Base()", False),
        ("def make(kind=base.Base): return kind()", False),
        ("__all__ = ['Base']\nfrom p.base import Base", False),
        ("def check(x: base.Base) -> base.Base: return isinstance(x, (base.Base, int))", True),
    ],
)
def test_an_only_child_is_seen(rest, seen):
    trees = {
        "p.base": ast.parse("class Base: ..."),
        "p": ast.parse("from p.base import Base"),
        "p.child": ast.parse(f"from p import Base\nimport p.base as base\nclass Child(Base): ...\n{rest}"),
    }
    assert only_children(trees) == ({"p.base.Base": "p.child.Child"} if seen else {})


def test_no_modules_import_one_another_in_a_circle():
    """While they are imported: imports inside functions and under TYPE_CHECKING do not count."""
    assert not circles(import_graph(read()))


def test_a_circle_is_seen():
    sources = {
        "p": "",
        "p.a": "from p import b",
        "p.b": "if x:\n    from p.c import name",
        "p.c": "import p.a",
        "p.d": "def later():\n    import p.e",
        "p.e": "from p.d import name\nif TYPE_CHECKING:\n    import p.f",
        "p.f": "import p.e",
    }
    trees = {name: ast.parse(source) for name, source in sources.items()}
    assert circles(import_graph(trees)) == {frozenset({"p.a", "p.b", "p.c"})}


# Tests without a module of their name: what they cover is a folder's contract or a file outside src/.
ELSEWHERE = {
    "test_documents.py": "docs/",
    "test_environment.py": "requirements/",
    "test_house_rules.py": "this file",
    "test_imports.py": "imports between the parts of the package",
    "test_language.py": "words of src/",
    "test_makefile.py": "Makefile",
    "test_results.py": "docs/results",
    "test_shipped.py": "recipes/",
    "test_tour.py": "docs/tour.ipynb",
    "architectures/test_equations.py": "every cell against its paper's equations",
    "architectures/test_gradcheck.py": "every cell against numeric gradients",
    "architectures/test_onnx_node_cases.py": "every cell against ONNX's own cases",
    "architectures/test_onnxruntime.py": "every cell against onnxruntime",
    "architectures/test_torch.py": "every cell against torch.nn",
    "benchmarks/test_experiments.py": "every script of `make experiments`",
    "benchmarks/test_forecasts.py": "both scripts that compare forecasts",
    "data/datasets/test_forecast_sets.py": "every forecast data set",
    "data/datasets/test_images.py": "every image data set",
    "data/datasets/test_labelled_corpora.py": "every labelled corpus",
}


def mirrored_folder(test: PurePosixPath) -> Path:
    return ROOT / test.parent if test.parts[0] == "benchmarks" else SOURCE / test.parent


def has_its_module(test: PurePosixPath) -> bool:
    """tests/<path>/test_X.py: <path> holds a module or folder M, or is called M, and X is M or M_<aspect>."""
    folder = mirrored_folder(test)
    if not folder.is_dir():
        return False
    names = {path.stem.lstrip("_") for path in folder.iterdir() if path.suffix in ("", ".py")} | {folder.name}
    return any(f"{test.stem}_".startswith(f"test_{name}_") for name in names)


def test_a_test_lies_where_its_module_does():
    tests = [PurePosixPath(path.relative_to(ROOT / "tests").as_posix()) for path in (ROOT / "tests").rglob("test_*.py")]
    crossing = ("properties", "conformance")
    lost = {str(test) for test in tests if test.parts[0] not in crossing and not has_its_module(test)}
    assert not lost - ELSEWHERE.keys()
    assert {str(test) for test in tests} >= ELSEWHERE.keys()
