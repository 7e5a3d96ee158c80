"""Confusion matrix and scores by class: what results.json holds is what the page shows, and nothing breaks out."""

import json
import math
from pathlib import Path
from typing import Any

import plotly.graph_objects as go

from reports.folders import results, write_run
from reports.test_html import EVIL, Page
from unrolled.reports.figures.confusion import confusion_map, score_table, score_tables, width
from unrolled.reports.html import render
from unrolled.reports.loading.folders import read_report
from unrolled.reports.loading.results import read_classes
from unrolled.reports.records import ClassResults

SCORES = {
    "cat": {"count": 5, "recall": 0.8, "precision": 0.5, "f1": 0.61538},
    "dog": {"count": 1_204, "recall": 0.9, "precision": 1.0, "f1": 0.94737},
}
CONTENT: dict[str, Any] = {
    "classes": ["cat", "dog"],
    "confusion": [[4, 1], [4, 1200]],
    "by_class": SCORES,
    "by_language": {"de": {"count": 3, "accuracy": 1.0}},
}


def class_results(**changes: Any) -> ClassResults:
    found = read_classes(CONTENT | changes)
    assert found is not None
    return found


def test_the_map_shows_shares_of_the_true_class_and_counts() -> None:
    figure: Any = confusion_map(class_results())
    go.Figure(figure)
    (trace,) = figure["data"]
    assert trace["z"] == [[0.8, 0.2], [4 / 1204, 1200 / 1204]]
    assert trace["text"] == [["4", "1"], ["4", "1,200"]]
    assert trace["hovertext"][1][0] == "dog predicted as cat: 4 of 1,204 (0.3\u00a0%)"
    assert figure["layout"]["yaxis"]["autorange"] == "reversed"  # the first class on top
    assert figure["layout"]["xaxis"]["ticktext"] == ["cat", "dog"] == figure["layout"]["yaxis"]["ticktext"]


def test_plotly_reads_no_name_as_markup() -> None:
    figure: Any = confusion_map(class_results(classes=["<b>a</b>", "b & c"]))
    names = ["&lt;b&gt;a&lt;/b&gt;", "b &amp; c"]
    assert figure["layout"]["xaxis"]["ticktext"] == names == figure["layout"]["yaxis"]["ticktext"]
    assert figure["data"][0]["hovertext"][0][1].startswith("&lt;b&gt;a&lt;/b&gt; predicted as b &amp; c: 1 of 5")


def test_many_classes_are_not_written_into_the_cells_and_need_room() -> None:
    names = [f"class {number}" for number in range(40)]
    square = [[int(a == b) for b in range(40)] for a in range(40)]
    found = class_results(classes=names, confusion=square)
    figure: Any = confusion_map(found)
    go.Figure(figure)
    assert "text" not in figure["data"][0] and figure["layout"]["height"] == width(found) > 40 * 30


def test_a_class_that_is_not_there_divides_by_nothing() -> None:
    figure: Any = confusion_map(class_results(confusion=[[0, 0], [1, 3]]))
    assert figure["data"][0]["z"] == [[0.0, 0.0], [0.25, 0.75]]


def test_labels_that_do_not_exclude_each_other_have_scores_but_no_map() -> None:
    found = class_results(confusion=[[[1, 2], [3, 4]], [[1, 2], [3, 4]]])
    assert found.confusion == () and confusion_map(found) is None
    assert found.scores["cat"]["f1"] == 0.61538


def test_the_tables() -> None:
    classes, languages = score_tables(class_results())
    assert classes[0] == ["class", "sequences", "recall", "precision", "F1"]
    assert classes[1][1] == [
        ("dog", "dog"), ("1,204", "1204.0"), ("0.9000", "0.9"), ("1.000", "1.0"), ("0.9474", "0.94737")
    ]  # fmt: skip
    assert languages == (["language", "sequences", "accuracy"], [[("de", "de"), ("3", "3.0"), ("1.000", "1.0")]])
    assert score_tables(class_results(by_class=None, by_language=None)) == []
    assert score_table("class", {"a": {"f1": 1.0}, "b": {"f1": math.nan}})[1][1] == [("b", "b"), ("–", "")]


def page_of(folder: Path, **more: Any) -> Page:
    content = results(0.1, {"majority class": 0.5}, baseline_metric="error_rate") | more
    content["metrics"] = {"test/error_rate": 0.1}
    return Page(render(read_report([write_run(folder, results=content)])))


def test_the_page_has_map_and_tables(tmp_path: Path) -> None:
    page = page_of(tmp_path / "run", **CONTENT)
    assert page.figures["confusion-0"]["data"][0]["z"][0] == [0.8, 0.2]
    assert ("div", "id", "confusion-0") in page.attributes
    assert "Results by class" in page.text and "1,204" in page.text and "0.9474" in page.text
    assert ("td", "data-key", "0.94737") in page.attributes
    assert "on the test data" in " ".join(page.text.split())


def test_names_cannot_break_out_of_the_page(tmp_path: Path) -> None:
    classes = [EVIL, "dog"]
    scores = {EVIL: SCORES["cat"], "dog": SCORES["dog"]}
    evil = {"classes": classes, "confusion": [[4, 1], [4, 9]], "by_class": scores, "by_language": {EVIL: {"count": 1}}}
    page = page_of(tmp_path / "run", **evil)
    assert "img" not in page.tags and len(page.scripts) == 3 and EVIL in page.text
    assert "<img" not in json.dumps(page.figures["confusion-0"])
    go.Figure(page.figures["confusion-0"])


def test_a_run_without_classes_has_no_such_part(tmp_path: Path) -> None:
    page = page_of(tmp_path / "run")
    assert "Results by class" not in page.text and "confusion-0" not in page.figures
