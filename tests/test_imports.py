"""Imports run one way, and `import unrolled` stays light."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "unrolled"

# Plain Python, so that wrong names and recipes are refused at once: the modules beside the packages, and `config`.
_PLAIN = {file.stem for file in SOURCE.glob("*.py")} - {"__init__", "__main__", "cli"} | {"config"}
_MODEL = {"functional", "architectures", "tasks", "strategies"}

# Each part of the package, and the parts that it may import beside itself and `errors`.
MAY_IMPORT: dict[str, set[str]] = {
    **dict.fromkeys(_PLAIN, _PLAIN),
    "functional": set(),
    "architectures": {"functional", "suggestions"},
    "tasks": {"functional", "architectures", "config", "suggestions"},  # classes and arguments by name
    "strategies": {"functional", "architectures", "tasks"},
    "data": {"functional", "suggestions"},
    "runs": _PLAIN | _MODEL | {"data"},
    "tuning": _PLAIN | _MODEL | {"data", "runs"},
    "reports": {"trial_labels"},  # reads the files that runs wrote
    "api": _PLAIN | _MODEL | {"data", "runs", "reports"},  # the Python verbs, as `cli` is the command
    "cli": _PLAIN | _MODEL | {"data", "runs", "tuning", "reports", "api", ""},  # "" is `import unrolled` itself
    "__main__": {"cli"},
    "__init__": {"architectures", "tasks", "strategies", "data", "config", "api", "suggestions"},
}

_TORCH = {"torch", "torchmetrics", "pytorch_lightning"}
_LIGHTNING = {"pytorch_lightning", "torchmetrics", "wandb", "optuna"}

# Libraries that a part must do without; plain torch also serves those who use no Lightning.
DOES_WITHOUT: dict[str, set[str]] = {
    **dict.fromkeys(_PLAIN | {"__init__"}, _TORCH | _LIGHTNING),
    "reports": _TORCH,
    "functional": _LIGHTNING,
    "architectures": _LIGHTNING,
}


# Inside data/: files, tokens and loaders, then the families, which do not know one another, then the data sets.
_GROUND = {"base", "splits", "files", "tokens", "loaders"}
_FAMILIES = {"language_modeling", "sequences", "translation", "forecasting"}
FLOORS: dict[str, set[str]] = {
    "base": set(),
    "splits": {"base"},
    "files": {"base"},
    "tokens": {"base", "files"},
    "loaders": {"base"},
    **dict.fromkeys(_FAMILIES, _GROUND),
    **dict.fromkeys(["datasets", "synthetic"], _GROUND | _FAMILIES),
    "__init__": _GROUND | _FAMILIES | {"datasets", "synthetic"},
}


def part_of(file: Path) -> str:
    return file.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(tree: ast.AST, package: list[str]) -> Iterator[str]:
    """Dotted names of all modules that a file in `package` imports, anywhere in it, relative ones resolved."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *(node.module.split(".") if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            argument = node.args[0]
            if isinstance(argument, ast.Constant):
                yield str(argument.value)


def breaches(source: str, file: Path) -> list[str]:
    part = part_of(file)
    package = ["unrolled", *file.relative_to(SOURCE).parent.parts]
    found = []
    floor = file.relative_to(SOURCE).parts[1].removesuffix(".py") if part == "data" else ""
    for name in imported(ast.parse(source), package):
        library, _, rest = name.partition(".")
        target = rest.split(".")[0]
        if library == "unrolled" and target not in MAY_IMPORT[part] | {part, "errors", "__version__"}:
            found.append(f"{part} may not import {name}")
        if name.startswith("unrolled.data.") and floor:
            below = name.split(".")[2]
            if below not in FLOORS[floor] | {floor}:
                found.append(f"data/{floor} may not import {name}")
        if library in DOES_WITHOUT.get(part, set()):
            found.append(f"{part} does without {library}")
    return found


FILES = sorted(SOURCE.rglob("*.py"))


def test_every_part_has_its_place_and_every_place_a_part() -> None:
    assert {part_of(file) for file in FILES} == MAY_IMPORT.keys()


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_imports_run_one_way(file: Path) -> None:
    assert not breaches(file.read_text(encoding="utf-8"), file)


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("architectures/lstm.py", "from pytorch_lightning import LightningModule"),
        ("architectures/lstm.py", "from unrolled.tasks import LanguageModeling"),
        ("architectures/lstm.py", "from ..tasks.base import SequenceTask"),
        ("functional/losses.py", "from unrolled import compose"),
        ("tasks/base.py", "from unrolled.data import TextFile"),
        ("runs/fit.py", "from unrolled.api.trained_run import Run"),
        ("reports/html.py", "import unrolled.api"),
        ("tasks/base.py", "def later():\n    import unrolled.strategies"),
        ("data/splits.py", "from .. import runs"),
        ("data/files/text.py", "from unrolled.data.tokens.vocabulary import Vocabulary"),
        ("data/sequences/labels.py", "from unrolled.data.translation import pair_data"),
        ("data/translation/pair_data.py", "from unrolled.data.datasets.digits import Digits"),
        ("reports/page.py", "from unrolled.runs.fit import fit"),
        ("config/recipe.py", "import torch.nn"),
        ("tuning/study.py", "import importlib\nimportlib.import_module('unrolled.cli')"),
    ],
)
def test_a_breach_is_seen(file: str, source: str) -> None:
    assert breaches(source, SOURCE / file)


@pytest.mark.parametrize(
    "statement", ["import unrolled", "from unrolled.config import recipe, catalog", "import unrolled.cli"]
)
def test_loads_no_torch(statement: str) -> None:
    heavy = "{'torch', 'pytorch_lightning', 'wandb', 'optuna', 'nltk', 'plotly'} & sys.modules.keys()"
    code = f"import sys; sys.path.insert(0, {str(SOURCE.parent)!r}); {statement}; sys.exit(str(sorted({heavy})))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.stderr.strip() == "[]"


def exports() -> dict[str, list[str]]:
    import unrolled.architectures
    import unrolled.data
    import unrolled.strategies
    import unrolled.tasks

    kinds = (unrolled.architectures, unrolled.tasks, unrolled.strategies, unrolled.data)
    return {kind.__name__: [*kind.__all__] for kind in kinds}


VERBS = {"Run", "compose", "fit", "spec", "InputError", "InputWarning", "RunFailed", "UnrolledError"}


def test_names_are_found_at_first_use() -> None:
    import unrolled.errors
    from unrolled.api.fit_recipe import fit
    from unrolled.api.trained_run import Run
    from unrolled.config.spec import spec

    assert unrolled.compose is unrolled.strategies.compose
    assert (unrolled.fit, unrolled.Run, unrolled.spec) == (fit, Run, spec)
    assert unrolled.InputError is unrolled.errors.InputError
    for kind, names in exports().items():
        for name in names:
            assert getattr(unrolled, name) is getattr(sys.modules[kind], name)


def test_dir_lists_every_export() -> None:
    import unrolled

    names = {*VERBS}.union(*exports().values())
    assert names <= {*dir(unrolled)} and {*unrolled.__all__} == names
    found: dict[str, object] = {}
    exec("from unrolled import *", found)  # noqa: S102
    assert names <= found.keys()


def test_type_checkers_see_every_export() -> None:
    """The block that only type checkers read holds a star import of each kind, and each verb as itself."""
    tree = ast.parse((SOURCE / "__init__.py").read_text(encoding="utf-8"))
    block = next(n for n in tree.body if isinstance(n, ast.If) and ast.unparse(n.test) == "TYPE_CHECKING")
    imports = [(node.module, alias) for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names]
    assert {module for module, alias in imports if alias.name == "*"} == exports().keys()
    assert {alias.name for _, alias in imports if alias.name == alias.asname} == VERBS


def test_dir_loads_no_torch() -> None:
    code = f"import sys; sys.path.insert(0, {str(SOURCE.parent)!r}); import unrolled; assert 'LSTM' in dir(unrolled)"
    ended = subprocess.run([sys.executable, "-c", f"{code}; unrolled.InputError; sys.exit('torch' in sys.modules)"])
    assert ended.returncode == 0


@pytest.mark.parametrize(("name", "near"), [("LTSM", "LSTM"), ("compos", "compose"), ("clipnorm", "ClipNorm")])
def test_a_misspelt_name_is_answered_with_the_nearest(name: str, near: str) -> None:
    import unrolled

    with pytest.raises(AttributeError, match=f"no attribute '{name}'. Did you mean {near}\\?$"):
        getattr(unrolled, name)


@pytest.mark.parametrize("name", ["Nothing", "nothing", "__wrapped__"])
def test_an_unknown_name_is_refused(name: str) -> None:
    import unrolled

    with pytest.raises(AttributeError, match=f"'unrolled' has no attribute '{name}'"):
        getattr(unrolled, name)
