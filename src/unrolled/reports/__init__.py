"""Runs and studies -> one page that a researcher can share. Nothing heavy is imported until a page is written."""

from collections.abc import Sequence
from pathlib import Path

from unrolled.errors import InputError

__all__ = ["write"]


def write(folders: Sequence[Path], name: str | None = None, output: Path = Path("reports")) -> Path:
    """Write `output`/`name`/index.html from folders of runs and studies (none: all of runs/) and return its path.

    The page is self-contained and depends on the folders' files alone: the same input gives the same bytes.

    Raises:
        InputError: a folder is neither a run nor a study, `name` is no folder's name, or `output` cannot be written.
    """
    from unrolled.reports.html import render
    from unrolled.reports.loading.folders import read

    report = read(folders, name)
    if report.name in {".", ".."} or set(report.name) & set("/\\\0"):
        raise InputError(f"--name {report.name!r}: expected a plain folder name, such as quickstart, without slashes")
    page = Path(output) / report.name / "index.html"
    content = render(report).encode("utf-8", errors="replace")  # lone surrogates can come from JSON
    partial = page.with_suffix(".partial")
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        partial.replace(page)
    except OSError as error:
        raise InputError(f"{page}: expected a file that can be written, but: {error.strerror}") from None
    return page
