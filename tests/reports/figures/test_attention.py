"""Translations in a report: read with care, escaped, and drawn where each step looked."""

import json
import math
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest

from reports.folders import RESULTS, write_run
from reports.test_html import EVIL, Page
from unrolled.reports.figures.attention import attention_map, read_example, read_examples, read_scores, sentence
from unrolled.reports.html import render
from unrolled.reports.loading.folders import read
from unrolled.reports.records import Example

GIVEN: dict[str, Any] = {
    "source": ["le", "chat", "le"],
    "truth": ["the", "cat"],
    "translation": ["the", "the"],
    "attention": [[0.5, 0.25, 0.25], [0, 1, 0], [0.1, 0.2, 0.7]],
}


def test_an_example_is_read() -> None:
    (example,) = read_examples({"examples": [GIVEN]})
    assert example.source == ("le", "chat", "le") and example.translation == ("the", "the")
    assert example.attention == ((0.5, 0.25, 0.25), (0, 1, 0), (0.1, 0.2, 0.7))
    without = read_example({key: value for key, value in GIVEN.items() if key != "attention"})
    assert without is not None and without.attention == () and attention_map(without) is None


@pytest.mark.parametrize(
    "change",
    [
        {"source": None},
        {"source": "le chat"},
        {"truth": [1]},
        {"attention": None},
        {"attention": [1, 2, 3]},
        {"attention": [[1.0, 0.0, 0.0]]},
        {"attention": [[1.0], [1.0], [1.0]]},
        {"attention": [["a", 0, 0]] * 3},
        {"attention": [[math.nan, 0, 0]] * 3},
    ],
    ids=str,
)
def test_what_is_no_example_is_left_out(change: dict[str, Any]) -> None:
    assert read_examples({"examples": [GIVEN | change, "none", GIVEN]}) == (read_example(GIVEN),)
    assert read_examples({"examples": GIVEN}) == () == read_examples({})


@pytest.mark.parametrize(
    "change", [{"metrics": None}, {"signatures": []}, {"metrics": {}}, {"signatures": {"bleu": 1}}]
)
def test_scores_without_their_signature_are_left_out(change: dict[str, Any]) -> None:
    given = {"metrics": {"test/bleu": 12.5}, "signatures": {"bleu": "nrefs:1"}}
    assert read_scores(given, "test") == (("BLEU", 12.5, "nrefs:1"),)
    assert read_scores(given | change, "test") == ()


def test_the_map_shows_the_weights_with_a_place_for_each_token() -> None:
    example = read_example(GIVEN)
    assert example is not None
    figure: Any = attention_map(example)
    go.Figure(figure)  # Plotly's own check of every property
    (trace,), layout = figure["data"], figure["layout"]
    assert trace["z"] == GIVEN["attention"] and (trace["zmin"], trace["zmax"]) == (0, 1)
    assert layout["xaxis"]["ticktext"] == ["le", "chat", "le"] and layout["xaxis"]["tickvals"] == [0, 1, 2]
    assert layout["yaxis"]["ticktext"] == ["the", "the", "(end)"] and layout["yaxis"]["autorange"] == "reversed"
    assert trace["hovertext"][2][1] == "(end) looks at chat: 0.20"


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
    written = render(read([run]))
    page = Page(written)
    assert page.figures["attention-0-0"]["data"][0]["z"] == GIVEN["attention"]
    assert f"le {EVIL} le" in page.text and "Each row adds up to 1" in page.text
    assert f"BLEU 19.25, said alone, greedily ({EVIL})" in page.text and "chrF 27.50" in page.text
    places = {value for tag, name, value in page.attributes if (tag, name) == ("div", "id")}
    assert {"attention-0-0", "attention-0-1"} <= places == set(page.figures)
    assert "<script>alert" not in written and "<img" not in written
    assert "<" not in json.dumps(page.figures["attention-0-1"])


def test_a_page_without_translations_says_nothing_of_them(tmp_path: Path) -> None:
    page = Page(render(read([write_run(tmp_path / "mine")])))
    assert "where each step looked" not in page.text
