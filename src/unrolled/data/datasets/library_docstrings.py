"""Docstrings of installed libraries, classified by library (no download)."""

import ast
import hashlib
import re
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any

from unrolled.data.base import Split
from unrolled.data.sequences.labelled_text import Example, LabelledText
from unrolled.errors import InputError

LIBRARIES = ("numpy", "optuna", "pytorch_lightning", "scipy", "sklearn", "sqlalchemy", "torch", "wandb")
FEWEST = 5  # minimum number of words of a docstring
PER_FILE = 10  # maximum number of docstrings per file, so that no file dominates a split


class LibraryDocstrings(LabelledText):
    """First paragraphs of docstrings of eight libraries that `unrolled` depends on; the class is the library.

    The sources are parsed, not imported.  The texts, and hence the results, depend on the installed versions.  The
    names of the libraries are masked.  Paragraphs that occur in several files are dropped, and all paragraphs of a file
    are in the same split.

    Args:
        per_library: maximum number of docstrings per library.
    """

    def __init__(self, *, per_library: int = 1000, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.per_library = per_library

    def check_arguments(self) -> None:
        super().check_arguments()
        if self.per_library < 10:
            raise InputError(f"data.init_args.per_library: expected 10 or more, got {self.per_library}")

    def load(self) -> dict[Split, list[Example]]:
        found = [Example(*fields) for library in LIBRARIES for fields in self._of(library)]
        files: dict[str, set[str]] = {}
        for text, _, file, *_ in found:
            files.setdefault(text, set()).add(file)
        kept = {example: None for example in found if len(files[example.text]) == 1}
        return {"train": [*kept]}

    def _of(self, library: str) -> Iterator[tuple[str, str, str]]:
        """(paragraph, library, file), in an order of the files that does not depend on the installation path."""
        spec = find_spec(library)
        if spec is None or spec.origin is None:
            raise InputError(f"LibraryDocstrings: expected the library {library}, got none; install it")
        root = Path(spec.origin).parent
        files = {f"{library}/{path.relative_to(root).as_posix()}": path for path in root.rglob("*.py")}
        count = 0
        for name in sorted(files, key=lambda name: hashlib.sha256(name.encode()).digest()):
            if "/test" in name or "/vendor/" in name or "/_vendor/" in name:
                continue
            source = files[name].read_text(encoding="utf-8", errors="replace")
            for text in islice(paragraphs(source), PER_FILE):
                yield text, library, name
                count += 1
                if count == self.per_library:
                    return


def paragraphs(source: str) -> Iterator[str]:
    """The first paragraph of each docstring of a Python source, with the names of the libraries masked."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about escapes in the source
            tree = ast.parse(source)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = " ".join((ast.get_docstring(node) or "").partition("\n\n")[0].split())
            masked = NAMES.sub("_", first)
            if len(re.findall(r"[a-zA-Z]+", masked)) >= FEWEST:
                yield masked


NAMES = re.compile("|".join([*LIBRARIES, "lightning", "scikit-learn", "pytorch", r"\bnp\b"]), re.IGNORECASE)
