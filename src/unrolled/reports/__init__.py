"""Reports: render runs and studies as one self-contained HTML page.  Heavy imports are deferred to `write`."""

from collections.abc import Sequence
from pathlib import Path

from unrolled.errors import InputError

__all__ = ["write"]


def write(folders: Sequence[Path], name: str | None = None, output: Path = Path("reports")) -> Path:
    """Write `output`/`name`/index.html from run and study folders (default: all of runs/) and return its path.

    The page is self-contained and deterministic: the same input files give the same bytes.

    Raises:
        InputError: a folder is neither a run nor a study, `name` is no folder name, or `output` is not writable.
    """
    from unrolled.reports.html import render
    from unrolled.reports.loading.folders import read_report

    report = read_report(folders, name)
    if report.name in {".", ".."} or set(report.name) & set("/\\\0"):
        raise InputError(f"--name {report.name!r}: expected a plain folder name without slashes, such as quickstart")
    page = Path(output) / report.name / "index.html"
    content = render(report).encode("utf-8", errors="replace")  # lone surrogates can come from JSON
    partial = page.with_suffix(".partial")
    try:
        page.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        partial.replace(page)
    except OSError as error:
        raise InputError(f"{page}: expected a writable file, got: {error.strerror}") from None
    return page
