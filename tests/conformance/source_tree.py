"""The modules of a Python package, read without importing them: imports at module level, classes, bases, instances."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "unrolled"

Trees = Mapping[str, ast.Module]  # by dotted name; a package has the name of its folder
_CHECKS = ("isinstance", "issubclass", "cast", "super")


def read(source: Path = SOURCE) -> dict[str, ast.Module]:
    trees = {}
    for file in sorted(source.rglob("*.py")):
        parts = [source.name, *file.relative_to(source).with_suffix("").parts]
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        trees[name] = ast.parse(file.read_text(encoding="utf-8"))
    return trees


def is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def at_module_level(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that runs when the module is imported: no function bodies, nothing under `if TYPE_CHECKING`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or is_type_checking(child):
            continue
        yield child
        yield from at_module_level(child)


def imported_names(node: ast.AST) -> Iterator[tuple[str, str]]:
    """(name in this module, dotted name) of one import statement.  The package uses absolute imports only."""
    if isinstance(node, ast.Import):
        yield from ((alias.asname or alias.name, alias.name) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert not node.level, "relative import"
        yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def import_graph(trees: Trees) -> dict[str, set[str]]:
    """Modules that each module imports while it is imported.  Parent packages do not count unless a name is theirs."""
    graph: dict[str, set[str]] = {name: set() for name in trees}
    for name, tree in trees.items():
        for node in at_module_level(tree):
            for _, dotted in imported_names(node):
                target = dotted if dotted in trees else dotted.rpartition(".")[0]
                if target in trees:
                    graph[name].add(target)
    return graph


def circles(graph: Mapping[str, set[str]]) -> set[frozenset[str]]:
    """Groups of modules that can reach one another, by the transitive closure."""
    reach: dict[str, set[str]] = {}
    for start in graph:
        seen, todo = set(), list(graph[start])
        while todo:
            node = todo.pop()
            if node not in seen:
                seen.add(node)
                todo += graph.get(node, ())
        reach[start] = seen
    return {frozenset(b for b in reach[a] if a in reach.get(b, ())) for a in graph if a in reach[a]}


def resolve(dotted: str, names: Mapping[str, Mapping[str, str]]) -> str:
    """The module-level definition behind a dotted name, through re-exports of packages."""
    module, _, name = dotted.rpartition(".")
    target = names.get(module, {}).get(name, dotted)
    return dotted if target == dotted else resolve(target, names)


def module_names(trees: Trees) -> dict[str, dict[str, str]]:
    """For each module, the dotted name that each of its names refers to: imports anywhere in it, and its classes."""
    found: dict[str, dict[str, str]] = {}
    for module, tree in trees.items():
        found[module] = {name: dotted for node in ast.walk(tree) for name, dotted in imported_names(node)}
        found[module] |= {n.name: f"{module}.{n.name}" for n in ast.walk(tree) if isinstance(n, ast.ClassDef)}
    return found


def expression(node: ast.expr) -> ast.expr:
    """`Base` of `Base[int]`."""
    return node.value if isinstance(node, ast.Subscript) else node


def is_check(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in _CHECKS


def running(node: ast.AST) -> Iterator[ast.AST]:
    """Every node but annotations, type arguments, class checks and exception handlers' types."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "slice") or (field == "type" and isinstance(node, ast.ExceptHandler)):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not is_check(child):
                yield child
                yield from running(child)


def used_as_value(tree: ast.AST) -> Iterator[ast.expr]:
    """Callees, arguments, defaults, assigned values, elements and results: where a class is made or handed on."""
    for node in running(tree):
        if isinstance(node, ast.Call):
            yield from (expression(node.func), *node.args, *(keyword.value for keyword in node.keywords))
        elif isinstance(node, ast.FunctionDef):
            yield from (default for default in (*node.args.defaults, *node.args.kw_defaults) if default)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.Return) and node.value:
            yield node.value
        elif isinstance(node, ast.Dict):
            yield from node.values
        elif isinstance(node, ast.List | ast.Tuple | ast.Set):
            yield from node.elts
        elif isinstance(node, ast.IfExp):
            yield from (node.body, node.orelse)


def exported(trees: Trees) -> Iterator[str]:
    """Dotted names in the literal `__all__` of any module."""
    for module, tree in trees.items():
        for node in tree.body:
            lists = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
            if lists and isinstance(node.value, ast.List | ast.Tuple):
                yield from (f"{module}.{ast.literal_eval(element)}" for element in node.value.elts)


def only_children(trees: Trees) -> dict[str, str]:
    """Classes that are neither exported nor instantiated and have exactly one direct subclass, with that subclass."""
    names = module_names(trees)

    def target(module: str, node: ast.expr) -> str:
        written = ast.unparse(expression(node))
        head, _, rest = written.partition(".")
        dotted = names[module].get(head, f"{module}.{head}")
        return resolve(f"{dotted}.{rest}" if rest else dotted, names)

    defined: set[str] = set()
    children: dict[str, list[str]] = {}
    used = {resolve(name, names) for name in exported(trees)}
    for module, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                defined.add(f"{module}.{node.name}")
                for base in node.bases:
                    children.setdefault(target(module, base), []).append(f"{module}.{node.name}")
        used |= {target(module, n) for n in used_as_value(tree) if isinstance(n, ast.Name | ast.Attribute)}
    return {name: only[0] for name, only in children.items() if len(only) == 1 and name in defined - used}
