"""What a class can be given, read from its source: milliseconds, where importing torch takes seconds."""

import ast
import builtins
from collections.abc import Iterator
from typing import NamedTuple

from unrolled.config.docstrings import explained
from unrolled.config.source import locate

OBJECTS = {"Tensor", "Accelerator", "Strategy", "Profiler", "timedelta"}


class Argument(NamedTuple):
    """One keyword argument of a class."""

    type: str  # in words: "int or null"
    default: str | None  # as it stands in the source; None: it must be given
    help: str  # its line of the docstring, where its unit stands


def arguments(module: str, name: str, within: str) -> dict[str, Argument]:
    """A class's own keyword arguments, then those it hands on to its base classes inside the package `within`."""
    found: dict[str, Argument] = {}
    for home, definition in _lineage(module, name, within):
        init = _init(definition)
        if init is None:
            continue
        told = explained(home, definition, init)
        spec = init.args
        positional = [*spec.posonlyargs, *spec.args][1:]
        padding = [None] * (len(positional) - len(spec.defaults))
        pairs = [*zip(positional, [*padding, *spec.defaults], strict=True)]
        for arg, default in [*pairs, *zip(spec.kwonlyargs, spec.kw_defaults, strict=True)]:
            text = None if default is None else ast.unparse(default)
            found.setdefault(arg.arg, Argument(words(arg.annotation, home), text, told.get(arg.arg, "")))
        if spec.kwarg is None:
            break  # nothing is handed on
    return found


def attribute(module: str, name: str, key: str, within: str) -> str | None:
    """The constant that a class, or its nearest base class inside `within`, gives to its attribute `key`."""
    for _, definition in _lineage(module, name, within):
        for node in definition.body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            if any(isinstance(t, ast.Name) and t.id == key for t in targets):
                value = getattr(node, "value", None)
                return str(value.value) if isinstance(value, ast.Constant) and value.value is not None else None
    return None


def words(annotation: ast.expr | None, module: str) -> str:
    """A type as a user reads it: `Optional[Union[int, float]]` is "int or float or null"."""
    match annotation:
        case None | ast.Name(id="Any"):
            return "any value"
        case ast.Constant(value=None):
            return "null"
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _either([left, right], module)
        case ast.Subscript(value=ast.Name(id="Union"), slice=ast.Tuple(elts=options)):
            return _either(options, module)
        case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
            return _either([inner, ast.Constant(None)], module)
        case ast.Subscript(value=ast.Name(id="Literal"), slice=inner):
            return " or ".join(map(ast.unparse, _parts(inner)))
        case ast.Subscript(value=container, slice=inner):
            return f"{ast.unparse(container)}[{', '.join(words(part, module) for part in _parts(inner))}]"
        case ast.Name(id=name) if name not in vars(builtins):
            alias = locate(module, name)
            if alias is not None and isinstance(alias[1], ast.expr):
                return words(alias[1], alias[0])
    return ast.unparse(annotation)


def _parts(inner: ast.expr) -> list[ast.expr]:
    return inner.elts if isinstance(inner, ast.Tuple) else [inner]


def _either(options: list[ast.expr], module: str) -> str:
    """Tensors and objects of Lightning cannot be written in a recipe, so they are not offered."""
    told = [words(o, module) for o in options if ast.unparse(o) not in OBJECTS]
    return " or ".join(dict.fromkeys(told))


def _lineage(module: str, name: str, within: str) -> Iterator[tuple[str, ast.ClassDef]]:
    """The class and its base classes inside the package `within`, nearest first."""
    home, definition = locate(module, name) or ("", None)
    if not isinstance(definition, ast.ClassDef) or not f"{home}.".startswith(f"{within}."):
        return
    yield home, definition
    for base in definition.bases:
        yield from _lineage(home, ast.unparse(base), within)


def _init(definition: ast.ClassDef) -> ast.FunctionDef | None:
    named = (n for n in definition.body if isinstance(n, ast.FunctionDef) and n.name == "__init__")
    return next(named, None)
