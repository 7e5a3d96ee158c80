"""The allow-list, and what it says of each class, against the classes themselves."""

import ast
import importlib
import inspect
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from unrolled.config import catalog, signatures, source
from unrolled.errors import InputError, UnrolledError

OWN = ["architectures", "data", "strategies", "tasks"]
CLASSES = [(kind, name) for kind in catalog.PACKAGES for name in catalog.names(kind)]


def told_by_python(kind: str, name: str) -> dict[str, Any]:
    """The arguments of a class and of its bases in the same package, and their defaults, by `inspect`."""
    found: dict[str, Any] = {}
    for base in catalog.find(kind, name).__mro__:
        if "__init__" not in vars(base) or not base.__module__.startswith(catalog.PACKAGES[kind].rpartition(".lr_")[0]):
            continue
        if kind in OWN and not base.__module__.startswith(f"unrolled.{kind}"):
            continue
        parameters = [*inspect.signature(base.__init__).parameters.values()][1:]  # type: ignore[misc]
        for parameter in parameters:
            if parameter.kind is not inspect.Parameter.VAR_KEYWORD:
                found.setdefault(parameter.name, parameter.default)
        if all(parameter.kind is not inspect.Parameter.VAR_KEYWORD for parameter in parameters):
            break
    return {key: value for key, value in found.items() if key not in catalog.SUPPLIED.get(kind, ())}


@pytest.mark.parametrize(("kind", "name"), CLASSES, ids=lambda word: word)
def test_arguments_are_those_of_the_class(kind: str, name: str) -> None:
    expected = told_by_python(kind, name)
    found = catalog.arguments(kind, name)
    assert found.keys() == expected.keys()
    for key, argument in found.items():
        if argument.default is None:
            assert expected[key] is inspect.Parameter.empty
        else:
            assert eval(argument.default, {"float": float}) == expected[key]  # noqa: S307 (our own sources)


@pytest.mark.parametrize("kind", OWN)
def test_names_are_what_the_package_exports(kind: str) -> None:
    package = importlib.import_module(f"unrolled.{kind}")
    assert catalog.names(kind) == sorted(package.__all__)
    for name in catalog.names(kind):
        assert catalog.find(kind, name) is getattr(package, name)


def test_base_classes_are_not_offered() -> None:
    assert "TextData" not in catalog.names("data")
    assert "SequenceTask" not in catalog.names("tasks")
    assert "Recurrent" not in catalog.names("architectures")


@pytest.mark.parametrize("kind", ["optimizers", "lr_schedulers"])
def test_torch_classes_are_what_they_are_taken_for(kind: str) -> None:
    import torch

    base = torch.optim.Optimizer if kind == "optimizers" else torch.optim.lr_scheduler.LRScheduler
    for name in catalog.names(kind):
        assert issubclass(catalog.find(kind, name), base)
        assert catalog.find(kind, catalog.long_name(kind, name)) is catalog.find(kind, name)
        assert catalog.short_name(kind, catalog.long_name(kind, name)) == name


@pytest.mark.parametrize("kind", catalog.PACKAGES)
@pytest.mark.parametrize(
    "name",
    ["os.system", "subprocess.Popen", "builtins.eval", "eval", "Optimizer", "torch.load", "torch.optim.os", "", "."],
)
def test_other_classes_are_refused(kind: str, name: str) -> None:
    with pytest.raises(InputError, match=r"expected one of .* got"):
        catalog.find(kind, name)


def test_a_refused_class_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "trap.py").write_text("class Adam: pass")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InputError):
        catalog.find("optimizers", "trap.Adam")
    assert "trap" not in sys.modules


@pytest.mark.parametrize("name", catalog.names("strategies"))
def test_seams_are_those_of_the_classes(name: str) -> None:
    assert catalog.seam(name) == vars(catalog.find("strategies", name))["seam"]


def test_additive_seams_are_those_of_the_task() -> None:
    from unrolled.tasks import base

    assert catalog.additive() == base.ADDITIVE


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, name in CLASSES if kind in (*OWN, "trainer")])
def test_every_argument_is_explained(kind: str, name: str) -> None:
    assert not [key for key, argument in catalog.arguments(kind, name).items() if not argument.help]


def test_docstrings_that_torch_puts_together_are_read() -> None:
    assert catalog.arguments("optimizers", "SGD")["lr"].help.startswith("learning rate")
    assert "maximize the objective" in catalog.arguments("optimizers", "SGD")["maximize"].help


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        ("int", "int"),
        ("int | None", "int or null"),
        ("Optional[Union[int, float]]", "int or float or null"),
        ("Union[float, Tensor]", "float"),
        ("tuple[float | Tensor, float]", "tuple[float, float]"),
        ('Literal["a", "b"]', "'a' or 'b'"),
        ("Any", "any value"),
    ],
)
def test_types_in_words(annotation: str, words: str) -> None:
    assert signatures.type_text(ast.parse(annotation, mode="eval").body, "unrolled.errors") == words


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package whose import fails: its description can only come from its source."""
    name = f"package_{abs(hash(tmp_path))}"
    files = {
        "__init__.py": "raise RuntimeError('imported')",
        "kind/__init__.py": "from .one import One\nfrom .two import Two as Second\n__all__ = ['One', 'Second']",
        "kind/base.py": "Level = Literal['a', 'b']\nclass Base:\n    seam = 'memory'\n"
        "    def __init__(self, *, level: Level = 'a', both: int = 1): ...",
        "kind/one.py": "from .base import Base\nclass One(Base):\n    pass",
        "kind/two.py": f"import {name}.other\nfrom {name}.kind.base import Base\nfrom ..other import Other\n"
        'class Two(Other, Base):\n    """Two.\n\n    Args:\n        own: in steps,\n            of time.\n    """\n\n'
        "    def __init__(self, path: str, *, own: int | None = None, both: int = 2, **kwargs): ...",
        "other.py": "class Other:\n    def __init__(self, *, hidden: int): ...",
    }
    for file, text in files.items():
        path = tmp_path / name / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    return name


def test_sources_are_read_without_importing_them(package: str) -> None:
    kind = f"{package}.kind"
    assert source.read_constant(kind, "__all__") == ["One", "Second"]
    assert signatures.class_arguments(kind, "One", within=kind) == {
        "level": ("'a' or 'b'", "'a'", ""),
        "both": ("int", "1", ""),
    }
    assert signatures.class_arguments(kind, "Second", within=kind) == {
        "path": ("str", None, ""),
        "own": ("int or null", "None", "in steps, of time."),
        "both": ("int", "2", ""),  # the nearest one counts
        "level": ("'a' or 'b'", "'a'", ""),  # of the base inside the package; `hidden` is outside
    }
    assert signatures.class_attribute(kind, "One", "seam", within=kind) == "memory"
    assert signatures.class_attribute(kind, "One", "nothing", within=kind) is None
    assert signatures.class_arguments(kind, "Nobody", within=kind) == {}


def test_a_missing_package_is_named() -> None:
    with pytest.raises(UnrolledError, match="no_such_package"):
        source.syntax_tree("no_such_package.inside")


def test_needs_no_torch() -> None:
    code = "import sys; from unrolled.config import catalog; [catalog.classes(kind) for kind in catalog.PACKAGES]; "
    code += "sys.exit(str({'torch', 'pytorch_lightning'} & sys.modules.keys()))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.stderr.strip() == "set()"
