"""Where a name is defined, found in the source by `ast` and without importing anything."""

import ast
import importlib.util
import sys
from functools import cache
from pathlib import Path
from typing import Any

from unrolled.errors import UnrolledError


def file_of(module: str) -> Path:
    """The source file of a module, found without importing anything."""
    root, *parts = module.split(".")
    spec = importlib.util.find_spec(root)
    if spec is None or not spec.submodule_search_locations:
        raise UnrolledError(f"expected the package {root} to be installed; `make setup` installs it")
    path = Path(spec.submodule_search_locations[0], *parts)
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(file_of(module).read_bytes())


def constant(module: str, name: str) -> Any:
    """The literal that a module gives to `name`: its `__all__`, for one."""
    found = locate(module, name)
    if found is None or not isinstance(found[1], ast.expr):
        raise LookupError(f"{module} has no constant {name}")
    return ast.literal_eval(found[1])


def locate(module: str, name: str) -> tuple[str, ast.ClassDef | ast.expr] | None:
    """The module that defines `name` as `module` knows it, and the class or the value that it is there."""
    for node in tree(module).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return module, node
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return module, node.value
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    origin = _absolute(module, node)
                    return None if origin.split(".")[0] in sys.stdlib_module_names else locate(origin, alias.name)
    return None


def _absolute(module: str, node: ast.ImportFrom) -> str:
    """The module that a `from ... import` names, seen from `module`."""
    if not node.level:
        return node.module or ""
    up = node.level - (file_of(module).name == "__init__.py")
    parts = module.split(".")
    return ".".join([*parts[: len(parts) - up], *([node.module] if node.module else [])])
