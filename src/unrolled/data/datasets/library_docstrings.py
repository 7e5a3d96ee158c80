"""Docstrings of installed libraries: which library says this?  Nothing to download."""

import ast
import hashlib
import re
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

from unrolled.data.sequences.labelled_text import Example, LabelledText
from unrolled.data.splits import Split
from unrolled.errors import InputError

LIBRARIES = ("numpy", "optuna", "pytorch_lightning", "scipy", "sklearn", "sqlalchemy", "torch", "wandb")
FEWEST = 5  # words of a docstring that is kept
PER_FILE = 10  # docstrings at most, so that no file makes up a split


class LibraryDocstrings(LabelledText):
    """First paragraphs of docstrings of eight libraries that `unrolled` itself needs; the class is the library.

    The texts come from the sources without importing them, and differ between versions, and so do the figures.  The
    names of all libraries are blanked out.  A paragraph that two files share is kept in none of them, and all of one
    file lie in one split.

    Args:
        per_library: at most so many docstrings of each.
    """

    def __init__(self, *, per_library: int = 1000, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.per_library = per_library

    def check_arguments(self) -> None:
        super().check_arguments()
        if self.per_library < 10:
            raise InputError(f"data.init_args.per_library: expected 10 or more, got {self.per_library}")

    def load(self) -> dict[Split, list[Example]]:
        found = [Example(*told) for library in LIBRARIES for told in self._of(library)]
        homes: dict[str, set[str]] = {}
        for text, _, file, *_ in found:
            homes.setdefault(text, set()).add(file)
        kept = {example: None for example in found if len(homes[example.text]) == 1}
        return {"train": [*kept]}

    def _of(self, library: str) -> Iterator[tuple[str, str, str]]:
        """(paragraph, library, file), from files in an order that does not depend on where the library lies."""
        spec = find_spec(library)
        if spec is None or spec.origin is None:
            raise InputError(f"LibraryDocstrings: expected the library {library}, got none; install it")
        root = Path(spec.origin).parent
        files = {f"{library}/{path.relative_to(root).as_posix()}": path for path in root.rglob("*.py")}
        count = 0
        for name in sorted(files, key=lambda name: hashlib.sha256(name.encode()).digest()):
            if "/test" in name or "/vendor/" in name or "/_vendor/" in name:
                continue
            told = paragraphs(files[name].read_text(encoding="utf-8", errors="replace"))
            for text in islice(told, PER_FILE):
                yield text, library, name
                count += 1
                if count == self.per_library:
                    return


def paragraphs(source: str) -> Iterator[str]:
    """The first paragraph of each docstring of a Python source, without the libraries' names."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the sources' own escapes
            tree = ast.parse(source)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = " ".join((ast.get_docstring(node) or "").partition("\n\n")[0].split())
            blanked = NAMES.sub("_", first)
            if len(re.findall(r"[a-zA-Z]+", blanked)) >= FEWEST:
                yield blanked


NAMES = re.compile("|".join([*LIBRARIES, "lightning", "scikit-learn", "pytorch", r"\bnp\b"]), re.IGNORECASE)
