"""Readers of results.json: valid content becomes records, malformed content is skipped."""

import math
from typing import Any

import pytest

from reports.figures.test_attention import GIVEN
from reports.figures.test_confusion import class_results
from unrolled.reports.figures.attention import attention_map
from unrolled.reports.loading.results import read_classes, read_example, read_examples, read_translation_scores


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
    assert read_translation_scores(given, "test") == (("BLEU", 12.5, "nrefs:1"),)
    assert read_translation_scores(given | change, "test") == ()


DAMAGED = [None, "text", [], [[1, 2]], [[1, 2], [3]], [[1, 2], "ab"], [[1, -2]] * 2, [[1, True]] * 2, [[1, 0.5]] * 2]


@pytest.mark.parametrize("confusion", DAMAGED)
def test_a_damaged_matrix_is_no_matrix(confusion: object) -> None:
    found = class_results(confusion=confusion)
    assert found.names == ("cat", "dog") and found.confusion == ()


@pytest.mark.parametrize("content", [{}, {"classes": None}, {"classes": []}, {"classes": "ab"}])
def test_results_without_classes(content: dict[str, object]) -> None:
    assert read_classes(content) is None


def test_odd_scores_are_left_out() -> None:
    found = class_results(by_class={"cat": {"f1": "high", "count": 3, "mood": 1}, "dog": 7}, by_language=[1])
    assert found.scores == {"cat": {"count": 3.0}} and found.languages == {}
