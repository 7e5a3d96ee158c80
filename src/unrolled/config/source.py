"""Find definitions in source files with `ast`, without importing anything."""

import ast
import importlib.util
import sys
from functools import cache
from pathlib import Path
from typing import Any

from unrolled.errors import UnrolledError


def source_file(module: str) -> Path:
    """The source file of a module."""
    root, *parts = module.split(".")
    spec = importlib.util.find_spec(root)
    if spec is None or not spec.submodule_search_locations:
        raise UnrolledError(f"expected the package {root} to be installed; run: make setup")
    path = Path(spec.submodule_search_locations[0], *parts)
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def syntax_tree(module: str) -> ast.Module:
    return ast.parse(source_file(module).read_bytes())


def read_constant(module: str, name: str) -> Any:
    """The literal value of `name` in a module, such as its `__all__`."""
    found = find_definition(module, name)
    if found is None or not isinstance(found[1], ast.expr):
        raise LookupError(f"{module} has no constant {name}")
    return ast.literal_eval(found[1])


def find_definition(module: str, name: str) -> tuple[str, ast.ClassDef | ast.expr] | None:
    """Follow imports of `name` from `module`: the defining module, and its class or value there."""
    for node in syntax_tree(module).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            return module, node
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return module, node.value
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    origin = _absolute(module, node)
                    standard = origin.split(".")[0] in sys.stdlib_module_names
                    return None if standard else find_definition(origin, alias.name)
    return None


def _absolute(module: str, node: ast.ImportFrom) -> str:
    """The absolute name of the module in a `from ... import` of `module`."""
    if not node.level:
        return node.module or ""
    up = node.level - (source_file(module).name == "__init__.py")
    parts = module.split(".")
    return ".".join([*parts[: len(parts) - up], *([node.module] if node.module else [])])
