"""Signatures of classes, read from their source with `ast`: importing torch would take seconds."""

import ast
import builtins
from collections.abc import Iterator
from typing import NamedTuple

from unrolled.config.docstrings import argument_docs
from unrolled.config.source import find_definition

OBJECTS = {"Tensor", "Accelerator", "Strategy", "Profiler", "timedelta"}


class Argument(NamedTuple):
    """One keyword argument of a class."""

    type: str  # in words: "int or null"
    default: str | None  # as written in the source; None: required
    help: str  # its description in the docstring, with its unit


def class_arguments(module: str, name: str, within: str) -> dict[str, Argument]:
    """The keyword arguments of a class, then those it passes on to base classes inside the package `within`."""
    found: dict[str, Argument] = {}
    for home, definition in _lineage(module, name, within):
        init = _init(definition)
        if init is None:
            continue
        descriptions = argument_docs(home, definition, init)
        spec = init.args
        positional = [*spec.posonlyargs, *spec.args][1:]
        padding = [None] * (len(positional) - len(spec.defaults))
        pairs = [*zip(positional, [*padding, *spec.defaults], strict=True)]
        for arg, default in [*pairs, *zip(spec.kwonlyargs, spec.kw_defaults, strict=True)]:
            text = None if default is None else ast.unparse(default)
            found.setdefault(arg.arg, Argument(type_text(arg.annotation, home), text, descriptions.get(arg.arg, "")))
        if spec.kwarg is None:
            break  # nothing is passed on
    return found


def class_attribute(module: str, name: str, key: str, within: str) -> str | None:
    """The constant value of the attribute `key` in a class or its nearest base class inside `within`; None if unset."""
    for _, definition in _lineage(module, name, within):
        for node in definition.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=attribute), *_], value=value) if attribute == key:
                    pass
                case ast.AnnAssign(target=ast.Name(id=attribute), value=value) if attribute == key:
                    pass
                case _:
                    continue
            return str(value.value) if isinstance(value, ast.Constant) and value.value is not None else None
    return None


def type_text(annotation: ast.expr | None, module: str) -> str:
    """A type for users: `Optional[Union[int, float]]` becomes "int or float or null"."""
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
            return f"{ast.unparse(container)}[{', '.join(type_text(part, module) for part in _parts(inner))}]"
        case ast.Name(id=name) if name not in vars(builtins):
            alias = find_definition(module, name)
            if alias is not None and isinstance(alias[1], ast.expr):
                return type_text(alias[1], alias[0])
    return ast.unparse(annotation)


def _parts(inner: ast.expr) -> list[ast.expr]:
    return inner.elts if isinstance(inner, ast.Tuple) else [inner]


def _either(options: list[ast.expr], module: str) -> str:
    """A union without tensors and Lightning objects, which a recipe cannot contain."""
    names = [type_text(o, module) for o in options if ast.unparse(o) not in OBJECTS]
    return " or ".join(dict.fromkeys(names))


def _lineage(module: str, name: str, within: str) -> Iterator[tuple[str, ast.ClassDef]]:
    """The class and its base classes inside the package `within`, nearest first."""
    home, definition = find_definition(module, name) or ("", None)
    if not isinstance(definition, ast.ClassDef) or not f"{home}.".startswith(f"{within}."):
        return
    yield home, definition
    for base in definition.bases:
        yield from _lineage(home, ast.unparse(base), within)


def _init(definition: ast.ClassDef) -> ast.FunctionDef | None:
    named = (n for n in definition.body if isinstance(n, ast.FunctionDef) and n.name == "__init__")
    return next(named, None)
