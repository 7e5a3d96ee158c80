"""Argument descriptions from docstrings."""

import ast
import inspect
import re

from unrolled.config.source import find_definition, syntax_tree


def argument_docs(module: str, definition: ast.ClassDef, init: ast.FunctionDef) -> dict[str, str]:
    """The first paragraph of each entry under `Args:`, of a class and of its `__init__`, by argument."""
    found: dict[str, str] = {}
    for text in (_late_docstring(module, definition.name), ast.get_docstring(definition), ast.get_docstring(init)):
        block = (text or "").partition("Args:\n")[2]
        entries = re.findall(r"^ {4}(\w+)(?: \(.*?\))?: *(.*(?:\n {5,}.*)*)", block, re.MULTILINE)
        found |= {name: " ".join(description.split()) for name, description in entries}
    return found


def _late_docstring(module: str, name: str) -> str:
    """A docstring assigned after the class, as torch does for its optimizers: `Adam.__doc__ = ...`."""
    for node in syntax_tree(module).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == f"{name}.__doc__":
            return inspect.cleandoc(_text(module, node.value))
    return ""


def _text(module: str, node: ast.AST) -> str:
    """The text of a string expression: concatenations joined, constants filled in."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _text(module, left) + _text(module, right)
        case ast.JoinedStr(values=parts):
            return "".join(_text(module, part) for part in parts)
        case ast.FormattedValue(value=ast.Name(id=name)):
            found = find_definition(module, name)
            return _text(*found) if found else ""
    return ""
