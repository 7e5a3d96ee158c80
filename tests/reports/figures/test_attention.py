"""Translations in a report: read with care, escaped, and drawn where each step looked."""

import json
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from reports.folders import RESULTS, write_run
from reports.test_html import EVIL, Page
from unrolled.reports.figures.attention import attention_map, sentence
from unrolled.reports.html import render
from unrolled.reports.loading.folders import read_report
from unrolled.reports.loading.results import read_example
from unrolled.reports.records import Example

GIVEN: dict[str, Any] = {
    "source": ["le", "chat", "le"],
    "truth": ["the", "cat"],
    "translation": ["the", "the"],
    "attention": [[0.5, 0.25, 0.25], [0, 1, 0], [0.1, 0.2, 0.7]],
}


def test_the_map_shows_the_weights_with_a_place_for_each_token() -> None:
    example = read_example(GIVEN)
    assert example is not None
    figure: Any = attention_map(example)
    go.Figure(figure)  # Plotly's own check of every property
    (trace,), layout = figure["data"], figure["layout"]
    assert trace["z"] == GIVEN["attention"] and (trace["zmin"], trace["zmax"]) == (0, 1)
    assert layout["xaxis"]["ticktext"] == ["le", "chat", "le"] and layout["xaxis"]["tickvals"] == [0, 1, 2]
    assert layout["yaxis"]["ticktext"] == ["the", "the", "(end)"] and layout["yaxis"]["autorange"] == "reversed"
    assert trace["hovertext"][2][1] == "(end) attends to chat: 0.20"


def test_what_is_too_long_to_be_read_is_not_drawn() -> None:
    long = Example(("a",) * 61, (), ("b",), ((1 / 61,) * 61,) * 2)
    assert attention_map(long) is None
    assert attention_map(Example((), (), ("b",), ((), ()))) is None


def test_subwords_are_joined_to_words() -> None:
    assert sentence(("▁a", "▁gu", "itar", ".")) == "a guitar." and sentence(("a", "guitar", ".")) == "a guitar ."
    assert sentence(()) == ""


def test_the_page_shows_translations_and_nothing_breaks_out(tmp_path: Path) -> None:
    examples = [GIVEN, {**GIVEN, "source": ["le", EVIL, "le"], "truth": [EVIL], "translation": [EVIL, "the"]}]
    scores = {"metrics": {"test/bleu": 19.25, "test/chrf": 27.5}, "signatures": {"bleu": EVIL, "chrf": "nrefs:1"}}
    run = write_run(tmp_path / "mine", results={**RESULTS, **scores, "examples": examples})
    written = render(read_report([run]))
    page = Page(written)
    assert page.figures["attention-0-0"]["data"][0]["z"] == GIVEN["attention"]
    assert f"le {EVIL} le" in page.text and "Each row adds up to 1" in page.text
    assert f"BLEU 19.25, greedy decoding ({EVIL})" in page.text and "chrF 27.50" in page.text
    places = {value for tag, name, value in page.attributes if (tag, name) == ("div", "id")}
    assert {"attention-0-0", "attention-0-1"} <= places == set(page.figures)
    assert "<script>alert" not in written and "<img" not in written
    assert "<" not in json.dumps(page.figures["attention-0-1"])


def test_a_page_without_translations_says_nothing_of_them(tmp_path: Path) -> None:
    page = Page(render(read_report([write_run(tmp_path / "mine")])))
    assert "where each step looked" not in page.text
