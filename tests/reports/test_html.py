"""The page: what is embedded, that nothing breaks out of it, and that it asks no server for anything."""

import base64
import hashlib
import json
import math
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from reports.folders import (
    CURVES,
    ENVIRONMENT,
    HIDDEN,
    LR,
    RECIPE,
    complete,
    failed,
    pruned,
    results,
    write_run,
    write_study,
)
from unrolled.reports.html import embedded, render
from unrolled.reports.loading.folders import read_report
from unrolled.reports.records import Report

EVIL = "</script></title>--><script>alert(1)</script><img src=https://example.org/x onerror=alert(1)>'\"&amp;{{7*7}}"
VOID = {"meta", "br", "img", "input", "link"}


class Page(HTMLParser):
    """The tags, attributes and scripts of a page, as a browser would split it; tags must nest."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.style = ""
        self.text = ""
        self.open: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag == "script":
            self.scripts.append((dict(attrs), ""))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"]:
            self.scripts[-1] = (self.scripts[-1][0], self.scripts[-1][1] + data)
        elif self.open[-1:] == ["style"]:
            self.style += data
        else:
            self.text += data

    @property
    def figures(self) -> dict[str, Any]:
        return json.loads(self.scripts[0][1])["figures"]  # type: ignore[no-any-return]


def evil_folders(tmp_path: Path) -> list[Path]:
    """Every string that can carry data carries EVIL."""
    metrics = {f"{EVIL}/bits_per_character": 1.74}
    sample = {"prefix": EVIL, "text": EVIL, "temperature": 0.7}
    run = write_run(
        tmp_path / "run <b>bold<b>",
        recipe={**RECIPE, "data": {"class_path": EVIL}, EVIL: EVIL},
        environment={**ENVIRONMENT, "command": EVIL, EVIL: {EVIL: [EVIL]}, "git": {"commit": EVIL, "dirty": EVIL}},
        curves=[*CURVES, (10, "train/</script>", math.nan)],
        results=results(0, {EVIL: 2.0, "lzma": 1.45}, sample=sample, split=EVIL, metrics=metrics),
    )
    trials = [
        complete(1.0 + step / 9, {LR: 1e-3, EVIL: step / 9, HIDDEN: 64 + step % 4}, {1: 2.0, 2: 1.0})
        for step in range(9)
    ]
    more = [pruned({EVIL: 0.5}, {1: math.nan, 2: math.inf}), failed({EVIL: 0.1}, failure=EVIL)]
    objective = {"objective": {"metric": EVIL}, "recipe": EVIL}
    study = write_study(tmp_path / "study", [*trials, *more], name=EVIL, sweep=objective, best_run={"results": None})
    return [run, study]


@pytest.fixture(scope="module")
def evil(tmp_path_factory: pytest.TempPathFactory) -> str:
    return render(read_report(evil_folders(tmp_path_factory.mktemp("evil")), EVIL))


def test_data_never_becomes_markup(evil: str) -> None:
    assert "<script>alert" not in evil
    assert "<img" not in evil
    assert "<b>bold" not in evil
    page = Page(evil)
    assert page.tags.count("script") == 3
    assert page.tags.count("style") == 1
    assert "img" not in page.tags
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]


def test_data_is_shown_as_it_is(evil: str) -> None:
    shown = Page(evil).text
    for sentence in (f"The sweep {EVIL} has 11 trials", f"It beats {EVIL} (2.000)", f"{EVIL}{EVIL}", f"commit {EVIL}"):
        assert sentence in shown


def test_figures_hold_no_markup_that_plotly_would_read(evil: str) -> None:
    figures = json.dumps(Page(evil).figures)
    assert EVIL.split("<", 1)[0] in figures
    assert set(re.findall(r"<[^>]*>", figures)) <= {"<b>", "</b>", "<br>"}


def test_no_request_leaves_the_page(evil: str) -> None:
    page = Page(evil)
    assert not {"link", "iframe", "object", "embed", "base", "form", "a"} & set(page.tags)
    asking = {"src", "href", "srcset", "data", "action", "formaction", "poster", "background", "ping", "manifest"}
    assert not asking & {name for _, name, _ in page.attributes}
    assert not re.search(r"@import|url\(|https?:", page.style)
    own = page.scripts[2][1]
    assert "Plotly.react" in own
    assert not re.search(r"https?:|fetch\(|XMLHttpRequest|import\(|sendBeacon|WebSocket|innerHTML|eval\(", own)


def test_browsers_are_told_to_refuse_everything_else(evil: str) -> None:
    page = Page(evil)
    ((_, _, policy),) = [a for a in page.attributes if a[1] == "content" and "default-src" in a[2]]
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert "http" not in policy
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for _, text in page.scripts[1:]]
    assert rules["script-src"].split() == [f"'sha256-{digest}'" for digest in digests]


def test_plotly_is_there_once(evil: str) -> None:
    assert evil.count("* plotly.js v") == 1


def test_the_page_holds_the_numbers_of_the_files(tmp_path: Path) -> None:
    run = write_run(tmp_path / "mine")
    study = write_study(
        tmp_path / "sweep", [complete(1.5, {LR: 1e-3}, {10: 2.0, 20: 1.5}), pruned({LR: 0.1}, {10: 3.0})]
    )
    page = Page(render(read_report([run, study], "both")))
    train, validation = page.figures["curves"]["data"]
    for trace, name in ((train, "train/loss"), (validation, "val/loss")):
        points = list(zip(trace["x"], trace["y"], strict=True))
        assert points == [(step, value) for step, metric, value in CURVES if metric == name]
    assert page.figures["trials-0"]["data"][0]["y"] == [3.0, None]
    assert page.figures["trials-0"]["data"][1]["y"] == [2.0, 1.5, None]
    for shown in (
        "1.740",
        "It beats the unigram (4.350) by 60.0\u00a0%",
        "unrolled fit -c quickstart",
        "1,234,567",
        "2.13.0",
    ):
        assert shown in page.text, shown
    assert "Hyper-parameter importance is not available: it needs at least 2 completed trials" in page.text


def test_a_run_on_generated_data_is_no_text(tmp_path: Path) -> None:
    told = {
        "split": "test",
        "unit": "step",
        "metrics": {"test/loss": 0.02, "test/mse": 0.02},
        "baseline_metric": "mse",
        "baselines": {"constant": 1 / 6},
    }
    made = {"class_path": "AddingProblem", "init_args": {"length": 100, "seed": 1, "batches": 3}}
    changed = {**RECIPE, "task": {"SequenceRegression": {}}, "data": made}
    page = Page(render(read_report([write_run(tmp_path / "mine", results=told, recipe=changed)])))
    title = "Mean squared error on the test data of AddingProblem (length 100)"
    for shown in (title, "baselines in closed form", "0.1667", "a sample of a language model"):
        assert shown in page.text, shown
    assert "text" not in page.text.split("Comparison with baselines")[1].split("Learning curves")[0]


def test_every_figure_has_its_place(evil: str) -> None:
    page = Page(evil)
    places = {value for tag, name, value in page.attributes if (tag, name) == ("div", "id")}
    assert set(page.figures) == places
    assert places == {"curves", "results-0", "trials-0", "importance-0", "parallel-0"}


def test_the_prefix_is_marked(tmp_path: Path) -> None:
    page = render(read_report([write_run(tmp_path / "mine")]))
    assert '<mark title="prefix">The list </mark>of objects is</div>' in page


def test_sorting_has_what_it_needs(evil: str) -> None:
    page = Page(evil)
    keys = [value for tag, name, value in page.attributes if (tag, name) == ("td", "data-key")]
    assert len(keys) % 11 == 0
    assert page.tags.count("button") >= len(keys) / 11


@pytest.mark.parametrize("missing", ["recipe", "environment", "curves", "results"])
def test_a_missing_file_gives_a_sentence(tmp_path: Path, missing: str) -> None:
    sentences = {
        "recipe": "recipe.yaml is missing.",
        "environment": "environment.json has no information about this run.",
        "curves": "No run recorded a training or validation loss.",
        "results": "There are no test results",
    }
    assert sentences[missing] in Page(render(read_report([write_run(tmp_path / "mine", **{missing: None})]))).text


@pytest.mark.parametrize(
    "trials",
    [
        [],
        [complete(1.0, {LR: 1e-3})],
        [complete(1.0, {}), complete(1.0, {})],
        [complete(math.inf, {LR: 1e-3})],
        [pruned({LR: 1e-3}, {1: math.nan})],
        [failed({LR: 1e-3}), failed({HIDDEN: 64}, failure=None)],
    ],
)
def test_thin_studies_give_sentences(tmp_path: Path, trials: list[object]) -> None:
    page = Page(render(read_report([write_study(tmp_path / "thin", trials)])))
    assert "Hyper-parameter importance is not available: " in page.text
    assert "There are no test results" in page.text
    assert "importance-0" not in page.figures


def test_an_empty_report_is_a_page() -> None:
    assert Page(render(Report("empty", (), ()))).figures == {}


def test_nan_is_refused_where_json_has_none() -> None:
    with pytest.raises(ValueError):
        embedded([math.nan])
    assert embedded("<!--</script>&") == '"\\u003c!--\\u003c/script\\u003e\\u0026"'
