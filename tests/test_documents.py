"""The pages: links, anchors and paths exist, and lines are short."""

import re
from pathlib import Path

import pytest

from unrolled import strategies
from unrolled.config import catalog

ROOT = Path(__file__).parents[1]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "data/README.md", ROOT / "sweeps/README.md"]
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@each_page
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        assert not anchor or linked.suffix != ".md" or anchor in _anchors(linked), target


@each_page
def test_every_path_of_code_exists(page: Path) -> None:
    """Paths in backticks, and those that a test command names; NAME, SEAM and FAMILY are placeholders."""
    text = page.read_text(encoding="utf-8")
    places = "src|tests|benchmarks|sweeps|docs|requirements", "|".join(_packages())
    named = re.findall(rf"`((?:{places[0]}|{places[1]})/[\w/.]*)`", text)
    named += [path for command in re.findall(r"`pytest ([^`]+)`", text) for path in command.split()]
    for path in named:
        gone = page.name == "CHANGELOG.md" and path.startswith("docs/results.")
        if not gone and not re.search("NAME|SEAM|FAMILY", path):
            assert (ROOT / path).exists() or (ROOT / "src/unrolled" / path).exists(), path


@each_page
def test_no_line_outside_tables_is_long(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if len(line) > 120 and not line.startswith("|")]


def test_every_strategy_has_its_card_linked_under_its_seam() -> None:
    page = (ROOT / "docs/strategies/README.md").read_text(encoding="utf-8")
    items = re.findall(r"^- \*\*([a-z]+):\*\* (.+(?:\n  .+)*)$", page, re.MULTILINE)
    linked = [(name, seam, card) for seam, item in items for name, card in re.findall(r"\[(\w+)\]\((\w+)\.md\)", item)]
    exported = {name: getattr(strategies, name) for name in strategies.__all__}
    assert sorted(linked) == sorted((name, cls.seam, cls.__module__.split(".")[-1]) for name, cls in exported.items())


def test_every_data_set_has_a_row() -> None:
    page = (ROOT / "data/README.md").read_text(encoding="utf-8")
    first_cells = re.findall(r"^\| (`[^|]+) \|", page, re.MULTILINE)
    listed = [name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(listed) == sorted(catalog.names("data"))


def _anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    shown = [re.sub(r"\[([^]]+)\]\([^)]*\)", r"\1", heading) for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in shown}


def _packages() -> list[str]:
    return [folder.name for folder in (ROOT / "src/unrolled").iterdir() if folder.is_dir()]
